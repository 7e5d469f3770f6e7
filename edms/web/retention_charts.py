"""The charts of what retention will ask for: figures of the outlook put into words and bars."""

from itertools import pairwise

from flask import url_for

from edms.records.forecast import AGES, Outlook, fates_shown
from edms.web.charts import Chart, Series
from edms.web.formats import number, size
from edms.web.language import gettext
from edms.web.words import level_name

_TONES = {"MUSNAH": 5, "PERMANEN": 1, "DINILAI_KEMBALI": 2, "BERKAS_PERSEORANGAN": 3}
_LEVEL_TONES = {"open": 1, "restricted": 2, "secret": 5, "top_secret": 6, "": 4}


def outlook_charts(found: Outlook, office: str) -> tuple[Chart, ...]:
    """Return the four charts; `office` is the code the figures were narrowed to, or empty."""
    return (_due(found), _backlog(found, office), _holdings(found, office), _freed(found))


def fate_name(fate: str) -> str:
    """Return a fate as the law calls it."""
    names = {
        "MUSNAH": gettext("Destroy"),
        "PERMANEN": gettext("Permanent"),
        "DINILAI_KEMBALI": gettext("Review"),
        "BERKAS_PERSEORANGAN": gettext("Personal file"),
    }
    return names.get(fate, gettext("Without a rule"))


def _due(found: Outlook) -> Chart:
    labels = [gettext("%(year)s, quarter %(quarter)s") % {"year": y, "quarter": q} for (y, q), _of in found.quarters]
    series = [
        Series(fate_name(fate), [of.get(fate, 0) for _name, of in found.quarters], _TONES[fate])
        for fate in fates_shown(found.quarters)
    ] or [Series("", [0] * len(labels))]
    totals = [sum(of.values()) for _name, of in found.quarters]
    most = max(range(len(labels)), key=lambda place: totals[place])
    told = gettext("%(count)s records become due in these quarters, most in %(when)s.") % {
        "count": number(sum(totals)), "when": labels[most],
    }  # fmt: skip
    return Chart("due", gettext("Becomes due, by quarter and fate"), told, gettext("Quarter"), labels, series)


def _backlog(found: Outlook, office: str) -> Chart:
    labels = [gettext("less than a year")]
    labels += [gettext("%(from)s to %(to)s years") % {"from": newer, "to": older} for newer, older in pairwise(AGES)]
    labels.append(gettext("more than %(years)s years") % {"years": AGES[-1]})
    told = gettext("%(count)s records are past due, %(old)s of them for more than a year.") % {
        "count": number(sum(found.backlog)), "old": number(sum(found.backlog[1:])),
    }  # fmt: skip
    link = url_for("retention_lists.listing", name="past_due", office=office or None)
    series = [Series("", found.backlog, 2)]
    links = [link] * len(labels)
    return Chart("backlog", gettext("Past due, by age"), told, gettext("Age"), labels, series, links=links)


def _holdings(found: Outlook, office: str) -> Chart:
    levels = [level for level in _LEVEL_TONES if any(level in of for _code, of in found.holdings)]
    series = [
        Series(level_name(level or None), [of.get(level, 0) for _code, of in found.holdings], _LEVEL_TONES[level])
        for level in levels
    ] or [Series("", [0] * len(found.holdings))]
    total = sum(sum(of.values()) for _code, of in found.holdings)
    told = gettext("%(count)s declared records in %(classes)s main classes.") % {
        "count": number(total), "classes": number(len(found.holdings)),
    }  # fmt: skip
    labels = [code or gettext("without a class") for code, _of in found.holdings]
    return Chart("holdings", gettext("Holdings, by main class and level"), told, gettext("Class"), labels, series)


def _freed(found: Outlook) -> Chart:
    labels, values = [str(year) for year, _bytes in found.freed], [float(count) for _year, count in found.freed]
    told = gettext("Destruction when it becomes due would free %(size)s in %(years)s years.") % {
        "size": size(int(sum(values))), "years": len(values),
    }  # fmt: skip
    return Chart(
        "freed", gettext("Storage that destruction would free, by year"), told, gettext("Year"), labels,
        [Series("", values, 3)], show=lambda count: size(int(count)),
    )  # fmt: skip
