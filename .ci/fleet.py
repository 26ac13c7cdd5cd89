"""What .ci/fleet tests beside the demo: exit 7 for a person's run, one fleet after the other, canaries, the cost of the engine."""

import sys
import time

from fleet_setting import Setting, until

program, temporal, work, idle = sys.argv[1], sys.argv[2], sys.argv[3] + "/more", int(sys.argv[4])
at = Setting(program, temporal, work)

try:
    # The engine alone: a child that does nothing.
    nothing = at.script("nothing", "exit 0")
    at.job("job.yaml")
    at.fleet("idle", [f"idle-{number:04}" for number in range(idle)], extra="parallel: 200\n")
    workers = [at.start("worker", "--slots", "16", "--transship", str(nothing)) for _ in range(2)]
    time.sleep(3)
    before, began = at.server_cpu(), time.monotonic()
    code, said = at.call("submit", "idle.yaml", "--wait")
    wall, cpu = time.monotonic() - began, at.server_cpu() - before
    at.check(f"{idle} accounts with a child that does nothing: exit {code}, {wall:.1f} s, "
          f"{1000 * cpu / idle:.1f} ms of server CPU an account, at most 20 (60 s are wished for with 5,000 accounts)",
          code == 0 and len(at.results("idle")) == idle and cpu / idle <= 0.020)
    if code != 0:
        print(said)
    code, said = at.call("submit", "idle.yaml", "--wait")
    at.check("submitted again, a fleet that is finished ends at once with 0", code == 0)
    at.check("SIGTERM ends a worker with 0", at.stop(*workers))

    # A canary that fails: the child of one account ends with 6.
    refuses = at.script("refuses", 'echo "$@" >> began\ncase "$*" in *canary-1*) exit 6;; esac\nexit 0')
    canaries = ["canary-1", "canary-2", *[f"later-{number}" for number in range(6)]]
    at.fleet("canary", canaries, extra="waves: [{ accounts: 2 }, { rest: true }]\n")
    worker = at.start("worker", "--slots", "4", "--transship", str(refuses))
    code, said = at.call("submit", "canary.yaml", "--wait")
    began = (at.work / "began").read_text()
    at.check(f"a canary that fails ends the fleet with 3 (it is {code}), and no account of a later wave is begun",
          code == 3 and "later-" not in began)
    at.stop(worker)

    # Two fleets and a person's run, all on one account, whose calls take a while.
    served = at.emulator(["golden", "held-b"], slow="2s")
    at.job("slow-job.yaml", more='select: { names: ["Shopify*"] }\nconcurrency: 1\n')
    at.fleet("one", ["held"], job="slow-job.yaml")
    at.fleet("two", ["held"], job="slow-job.yaml")
    worker = at.start("worker", "--slots", "4", **served)
    first = at.start("submit", "one.yaml", "--wait")
    leases = at.work / "store/leases"
    until(lambda: leases.is_dir() and any(leases.iterdir()), 30)
    second = at.start("submit", "two.yaml", "--wait")
    code, said = at.call("transship", "run", "slow-job.yaml", "--yes", TRANSSHIP_STORE=str(at.work / "store"), **served)
    at.check(f"a person's run on an account that a fleet holds exits 7 (it is {code}) and names the fleet", code == 7 and "one" in said)
    codes = first.wait(300), second.wait(300)
    both = at.results("one")["held"], at.results("two")["held"]
    counts = [one["counts"]["outcomes"] for one in both]
    in_turn = both[0]["ended_at"] <= both[1]["ended_at"]
    at.check(f"two fleets on one account: one after the other, exit {codes}, "
          f"{counts[0]['created']} and {counts[1]['created']} created",
          codes == (0, 0) and in_turn and counts[0]["created"] > 0 and counts[1]["created"] == 0)
    at.stop(worker)
finally:
    at.end()
sys.exit(f"not so: {len(at.ended_badly)}" if at.ended_badly else 0)
