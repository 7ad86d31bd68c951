{{ config(contract={'enforced': false}) }}
-- without a contract: the segment columns follow var dim_schemes

with reps as (
    select * from {{ ref('int_reps') }}
),

lives as (
    select * from {{ ref('int_rep_lives') }}
),

segments as (
    select
        rep_id,
        {{ segment_columns('rep') }}
    from {{ ref('fct_rep_segments_current') }}
    group by rep_id
),

final as (
    select
        reps.rep_id,
        reps.rep_name,
        reps.region,
        reps.manager_id,
        reps.hired_on,
        reps.left_on,
        reps.is_inferred,
        {%- for scheme in var('dim_schemes', {}).get('rep', []) %}
        segments.{{ scheme }}_segment,
        {%- endfor %}
        lives.starts_on as life_starts_on,
        coalesce(lives.is_active, false) as is_active
    from reps
    left join lives on reps.rep_id = lives.rep_id
    left join segments on reps.rep_id = segments.rep_id
)

select * from final
