with windows as (
    select * from {{ ref('int_store_order_windows') }}
),

final as (
    select
        store_id,
        period_index,
        {%- for channel in order_channels() + ['distributor'] %}
        {{ exact_ratio('orders_' ~ channel ~ '_year', 'orders_year') }} as share_orders_{{ channel }}_year
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from windows
)

select * from final
