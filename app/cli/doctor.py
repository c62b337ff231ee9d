"""`lockstep doctor`: is everything in order, and what to do where it is not."""

from app.cli.output import AsJson, print_json, print_table
from app.cli.running import NO, run


def doctor(*, as_json: AsJson = False) -> None:
    """Look at the settings, the database, the clocks, the secret key, the disk, and at Apple and Google with our keys.

    Each finding says what there is, and what to do. A push to a token that is none is asked of each service: it reaches
    nobody. Exit code 1 says that something is bad; warnings leave it at 0.

    Example: `lockstep doctor --json`
    """
    run(_doctor(as_json=as_json))


async def _doctor(*, as_json: bool) -> int:
    from app.cli.config import told
    from app.cli.configured import quiet_settings
    from app.cli.database import server_of, unreachable
    from app.doctor.examination import examine
    from app.doctor.finding import State, bad, good, warning
    from app.errors import SettingsError
    from app.settings_shown import unknown_variables

    findings = []
    try:
        settings = quiet_settings()
    except SettingsError as error:
        findings = [bad("settings", str(error), "See docs/operations.md, or: lockstep config show")]
    else:
        strange = " ".join(told(each) for each in unknown_variables())
        findings = [
            warning("settings", strange, "Mend the names, or take the variables away.")
            if strange
            else good("settings", "They can be used.")
        ]
        findings += [
            each
            async for each in examine(
                settings, lambda: server_of(settings.session_url, settings.data_directory), unreachable
            )
        ]
    if as_json:
        print_json({"findings": findings})
    else:
        rows = [(each.state.upper(), each.check, _both(each.found, each.cure)) for each in findings]
        print_table(("", "check", "found, and what to do"), rows, empty="")
    return NO if any(each.state is State.BAD for each in findings) else 0


def _both(found: str, cure: str | None) -> str:
    return found if cure is None else f"{found}\n→ {cure}"
