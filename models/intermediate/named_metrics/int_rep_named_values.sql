{{ named_values('rep') }}
