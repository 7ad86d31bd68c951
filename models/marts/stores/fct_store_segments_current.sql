{{ segments_current('store') }}
