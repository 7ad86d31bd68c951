{{ segment_outlooks('rep') }}
