"""The report of a simulation for people: the same facts as the JSON, in lines."""

from simulation.session_text import Content
from simulation.tally import FORCED_WITHIN, GOALS


def human_summary(report: Content) -> str:
    """Return a report as text."""
    lines = {"mutants": _mutants, "plan": _plan}.get(report["run"], _sessions)(report)
    return "\n".join(lines) + "\n"


def _sessions(report: Content) -> list[str]:
    if report["run"] == "seeds":
        played = f"{report['seeds']:,} seeds from {report['first_seed']}"
    else:
        played = f"{report['crashes']:,} crashes in {report['sessions']} sessions from seed {report['first_seed']}"
    speed, ratio = report["sessions_per_minute"], report["calibration_ratio"]
    lines = [
        f"{played}: {report['violations']} with a violation",
        f"{speed:,.0f} sessions a minute on {report['processes']} processes, {ratio:g} a calibration loop",
        f"{report['writes']:,} durable writes, {report['orders']:,} order calls, {report['steps']:,} steps",
        "without protection, in seconds (median, 99 of 100, longest):",
    ]
    times = report["unprotected_seconds"]
    lines += [f"  {name:<21} {_seconds(times[name])}, goal {goal:g}" for name, goal in GOALS.items()]
    beyond, share, longest = report["beyond_limit"], report["forced_in_time"], report["longest_forced_after"]
    lines.append(
        f"{beyond} times beyond the limit; given up within {FORCED_WITHIN:g} s of it: {share:.2%}, "
        f"at the latest {longest:g} s after it"
    )
    lines += [f"goal missed: {line}" for line in report["missed_goals"]]
    never = [kind for kind, count in report["fault_kinds"].items() if not count]
    lines.append(f"faults: {sum(report['fault_kinds'].values()):,} of {len(report['fault_kinds']) - len(never)} kinds")
    if never:
        lines.append(f"never struck: {', '.join(never)}")
    again = report["determinism"]
    if again is not None:
        different = f"different: {again['different']}" if again["different"] else "all the same"
        lines.append(f"{again['sessions']} sessions played {again['plays_of_each']} times each: {different}")
    lines += [
        f"seed {each['plan']['seed']}: {', '.join(each['codes'])}: {each['message']}" for each in report["failing"]
    ]
    return lines + _tests(report)


def _mutants(report: Content) -> list[str]:
    found, mutants = report["found"], report["mutants"]
    lines = [f"{found} of {mutants} planted bugs found ({report['found_percent']:g} %) in {report['seconds']:g} s"]
    for each in report["hunts"]:
        seed = "survived" if each["seed"] is None else f"seed {each['seed']}, {', '.join(each['codes'])}"
        lines.append(f"  {each['name']:<36} {seed}")
    return lines + [f"survivor {each['name']}: {each['reason']}" for each in report["survivors"]]


def _plan(report: Content) -> list[str]:
    happened = [f"  {line}" for line in report["tail"]]
    struck = ", ".join(f"{kind} {use}" for kind, use in report["fired"]) or "nothing"
    lines = [f"seed {report['seed']}: {report['violations']} violations; struck: {struck}", *report["violated"]]
    return [
        *lines,
        *(["the last that happened before the first of it:", *happened] if happened else []),
        *_tests(report),
    ]


def _tests(report: Content) -> list[str]:
    return [f"written as a test: {path}" for path in report["stories"]]


def _seconds(times: Content) -> str:
    if not times["count"]:
        return "none"
    return f"{times['p50']:g}, {times['p99']:g}, {times['max']:g} of {times['count']:,}"
