"""Charts of impact and forecast: what falls due by year and by month, each fate with its colour."""

from typing import Any

from babel.dates import get_month_names

from edms.records.rule_forecast import Forecast
from edms.web.charts import Chart, Series
from edms.web.formats import number
from edms.web.language import current_language, gettext

YEARS = 8
_TONES = {"MUSNAH": 5, "PERMANEN": 1, "DINILAI_KEMBALI": 2, "BERKAS_PERSEORANGAN": 3}


def impact_chart(impact: dict[str, Any]) -> Chart:
    """Return what falls due in the years from the day asked on, as it is and under the draft, one below the other."""
    first = int(impact["as_of"][:4])
    years = {int(year): told for year, told in impact["years"].items()}
    earlier = gettext("before %(year)s") % {"year": first}
    shown = [(earlier, [year for year in years if year < first])]
    shown += [(str(year), [year]) for year in range(first, first + YEARS)]
    sides = (gettext("now"), gettext("draft"))
    labels = [f"{name} · {said}" for name, _members in shown for said in sides]
    rows = [
        {fate: sum(years.get(year, {}).get(fate, [0, 0])[side] for year in members) for fate in _TONES}
        for _name, members in shown
        for side in (0, 1)
    ]
    moved = impact["reassigned"]["due_date"]
    return Chart(
        "impact",
        gettext("Due by year, as it is and if all were re-assigned"),
        gettext("%(count)s records would get another due date.") % {"count": number(moved)},
        gettext("Year"),
        labels,
        _by_fate(rows),
    )


def forecast_chart(found: Forecast) -> Chart:
    """Return the twelve months of a forecast, by fate."""
    names = get_month_names("wide", locale=current_language())
    rows = [
        {fate: found.months[month, fate].records if (month, fate) in found.months else 0 for fate in _TONES}
        for month in range(1, 13)
    ]
    count = sum(found.month(month).records for month in range(1, 13))
    return Chart(
        "forecast",
        gettext("Due in %(year)s, by month") % {"year": found.year},
        gettext("%(count)s records fall due in %(year)s.") % {"count": number(count), "year": found.year},
        gettext("Month"),
        [names[month] for month in range(1, 13)],
        _by_fate(rows),
    )


def _by_fate(rows: list[dict[str, int]]) -> list[Series]:
    names = {
        "MUSNAH": gettext("Destroy"), "PERMANEN": gettext("Permanent"), "DINILAI_KEMBALI": gettext("Review"),
        "BERKAS_PERSEORANGAN": gettext("Personal file"),
    }  # fmt: skip
    return [Series(names[fate], [row[fate] for row in rows], tone) for fate, tone in _TONES.items()]
