"""`lockstep simulator`: APNs, FCM and phones, without Apple and Google; and what can go wrong with them."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.output import AsJson, print_json, print_table
from app.cli.running import listening, run, stop_on_signals

simulator = typer.Typer(name="simulator", rich_markup_mode="markdown")


@simulator.callback(invoke_without_command=True)
def run_simulator(
    context: typer.Context,
    apns_port: Annotated[int, typer.Option(help="Where pushes are taken; 0 takes a free port.")] = 2197,
    channels_port: Annotated[int, typer.Option(help="Where channels are managed; 0 takes a free port.")] = 2195,
    fcm_port: Annotated[int, typer.Option(help="Where FCM takes messages; 0 takes a free port.")] = 2198,
    control_port: Annotated[int, typer.Option(help="Where it is steered over HTTP; 0 takes a free port.")] = 8090,
    lockstep_url: Annotated[
        str, typer.Option(envvar="LOCKSTEP_URL", help="Where the phones' app reports to.")
    ] = "http://127.0.0.1:8080",
    directory: Annotated[Path, typer.Option(help="Where its certificates and its key are kept.")] = Path(
        ".lockstep/simulator"
    ),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    host_name: Annotated[
        list[str] | None, typer.Option(help="A further name that its certificate holds; may be repeated.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Run a simulated APNs and FCM with phones until Ctrl-C, and print the settings that send a service's pushes there.

    Example: `lockstep simulator --control-port 8090 --lockstep-url http://127.0.0.1:8080`
    """
    if context.invoked_subcommand is not None:
        return
    ports = (apns_port, channels_port, fcm_port, control_port)
    run(_simulate(ports, lockstep_url, directory, host, host_name or [], as_json=as_json))


@simulator.command()
def faults(*, as_json: AsJson = False) -> None:
    """List what can go wrong: each plan with what happens, and what Lockstep should make of it.

    Example: `lockstep simulator faults --json`
    """
    from app.simulator.fault_plans import PLANS

    if as_json:
        print_json({"plans": list(PLANS.values())})
    else:
        rows = [(plan.name, plan.what, plan.expect) for plan in PLANS.values()]
        print_table(("plan", "what happens", "what Lockstep should do"), rows, empty="Nothing can go wrong.")


async def _simulate(
    ports: tuple[int, int, int, int],
    lockstep_url: str,
    directory: Path,
    host: str,
    host_names: list[str],
    *,
    as_json: bool,
) -> int:
    from app.cli.provider_key import KEY_ID, TEAM_ID, keep_private_key, public_half
    from app.logs import set_up_logs
    from app.simulator.simulator import Options, Simulator

    apns_port, channels_port, fcm_port, control_port = ports
    set_up_logs("warning", "console")
    stop = stop_on_signals()
    key_file = directory / f"AuthKey_{KEY_ID}.p8"
    try:
        private_key = keep_private_key(key_file)
        with listening("Choose others with --host, --apns-port, --channels-port, --fcm-port and --control-port."):
            running = await Simulator.start(
                directory,
                apns_port=apns_port,
                channels_port=channels_port,
                fcm_port=fcm_port,
                control_port=control_port,
                host=host,
                lockstep_url=lockstep_url,
                options=Options(host_names=tuple(host_names)),
            )
            running.fcm.make_account(host=host_names[0] if host_names else None)
    except (OSError, ValueError) as error:
        raise CommandError(f"{directory} cannot be used: {error}. Choose another with --directory.") from error
    running.register_key(TEAM_ID, KEY_ID, public_half(private_key))
    settings = {
        # one address serves both environments, and it is the one whose port was chosen
        "LOCKSTEP_APNS_PRODUCTION_URL": running.apns_url,
        "LOCKSTEP_APNS_SANDBOX_URL": running.apns_url,
        "LOCKSTEP_APNS_PRODUCTION_CHANNELS_URL": running.channels_url,
        "LOCKSTEP_APNS_SANDBOX_CHANNELS_URL": running.channels_url,
        "LOCKSTEP_APNS_CA_FILE": str(running.ca_file.absolute()),
        "LOCKSTEP_APNS_TEAM_ID": TEAM_ID,
        "LOCKSTEP_APNS_KEY_ID": KEY_ID,
        "LOCKSTEP_APNS_KEY_FILE": str(key_file.absolute()),
        "LOCKSTEP_FCM_URL": running.fcm.url,
        "LOCKSTEP_FCM_ACCOUNT_FILE": str(running.fcm.account_file.absolute()),
    }
    try:
        if as_json:
            print_json(
                {
                    "controlUrl": running.control_url,
                    "apnsUrl": running.apns_url,
                    "fcmUrl": running.fcm.url,
                    "settings": settings,
                }
            )
        else:
            typer.echo(f"# steered at {running.control_url}; its phones report to {lockstep_url}")
            typer.echo("\n".join(f"export {name}={value}" for name, value in settings.items()))
        await stop.wait()
    finally:
        await running.stop()
    return 0
