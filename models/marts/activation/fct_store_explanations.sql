{{ explanations('store') }}
