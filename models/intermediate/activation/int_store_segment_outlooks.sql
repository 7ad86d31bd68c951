{{ segment_outlooks('store') }}
