{#- Kilometres between two points on a sphere of the earth's mean radius (haversine). -#}
{% macro kilometres(from_latitude, from_longitude, to_latitude, to_longitude) -%}
    2 * 6371.0088 * asin(least(1.0, sqrt(
            power(sin(radians({{ to_latitude }} - {{ from_latitude }}) / 2), 2)
            + cos(radians({{ from_latitude }})) * cos(radians({{ to_latitude }}))
            * power(sin(radians({{ to_longitude }} - {{ from_longitude }}) / 2), 2)
        )))
{%- endmacro %}

{#- Kilometres around a point within which the cells of `degrees` beside its own hold every point: as far as the
    next but one row of cells, and as the next but one column, which are narrow near the poles. -#}
{% macro surely_seen_kilometres(latitude, degrees) -%}
    0.999 * 6371.0088 * least(radians({{ degrees }}), asin(sin(radians({{ degrees }})) * cos(radians({{ latitude }}))))
{%- endmacro %}

{#- The grid of cells of so many degrees: row and column of a point, and how many columns there are. -#}
{% macro cell_row(latitude, degrees) -%}
    cast(floor({{ latitude }} / {{ degrees }}) as integer)
{%- endmacro %}

{% macro cell_column(longitude, degrees) -%}
    cast(floor(({{ longitude }} + 180) / {{ degrees }}) as integer)
{%- endmacro %}

{% macro cell_columns(degrees) -%}
    {{- return((360 / (degrees | float)) | round | int) -}}
{%- endmacro %}

{#- Name of the metric that holds the distance to the nearest point of a type. -#}
{% macro distance_metric(poi_type) -%}
    'distance_to_' || lower(regexp_replace({{ poi_type }}, '[^A-Za-z0-9]+', '_', 'g'))
{%- endmacro %}
