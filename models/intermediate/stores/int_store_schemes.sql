{{ scheme_members('store') }}
