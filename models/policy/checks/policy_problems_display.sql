-- One row per line of display_bands.csv that cannot cut an attribute into bands.
with

bands as ({{ policy_lines('display_bands') }}
),

positions as (
    select
        position,
        min({{ bytewise('attribute') }}) as first_attribute,
        count(distinct attribute) as attributes
    from bands
    group by position
),

attribute_positions as (
    select
        attribute,
        count(distinct position) as positions
    from bands
    group by attribute
),

-- Two bands that begin at the same bound, or equal the same text.
repeated as (
    select
        line_key,
        row_number() over (
            partition by attribute, lower_bound, equals order by {{ bytewise('line_key') }}
        ) as repetition
    from bands
    where lower_bound is not null or equals is not null
),

problems as (
    {{ policy_problem(
        'band_without_bound', 'display_bands',
        "'it needs a lower_bound or an equals, and not both'",
        "'fill in lower_bound for a measured attribute, equals for a text'",
    ) }}
    from bands
    where (lower_bound is null) = (equals is null)

    union all
    {{ policy_problem(
        'mixed_position', 'display_bands',
        "'position ' || cast(bands.position as " ~ dbt.type_string() ~ ") || ' also holds ' || positions.first_attribute",
        "'give each attribute one position of its own'",
        line_key='bands.line_key',
    ) }}
    from bands
    inner join positions on bands.position = positions.position
    where positions.attributes > 1 and bands.attribute <> positions.first_attribute

    union all
    {{ policy_problem(
        'mixed_position', 'display_bands',
        "'the attribute stands at more than one position'",
        "'give each attribute one position of its own'",
        line_key='attribute',
    ) }}
    from attribute_positions
    where positions > 1

    union all
    {{ policy_problem(
        'repeated_bound', 'display_bands',
        "'another band of the attribute has the same lower_bound or equals'",
        "'keep one of them'",
    ) }}
    from repeated
    where repetition > 1
)

select * from problems
