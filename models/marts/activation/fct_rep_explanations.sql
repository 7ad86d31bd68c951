{{ explanations('rep') }}
