{{ segments_current('rep') }}
