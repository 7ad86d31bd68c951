{{ scheme_members('rep') }}
