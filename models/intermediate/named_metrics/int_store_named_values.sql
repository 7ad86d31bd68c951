{{ named_values('store', recorded=ref('int_store_attribute_periods'), computed=ref('int_store_poi_distances')) }}
