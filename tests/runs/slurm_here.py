"""A SLURM of two nodes on this machine, for tests: munge, a controller, two daemons on loopback.

    python tests/runs/slurm_here.py start DIR       (as root; Debian: apt-get install slurm-wlm munge)
    python tests/runs/slurm_here.py node DIR n2 down|up
    python tests/runs/slurm_here.py stop DIR

`start` prints the environment variable that clients need, SLURM_CONF. Jobs run as who submits them. All of
it is in DIR, and only processes that it has started are ended.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
NODES = ("n1", "n2")

CONF = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket,cred_expire=6
CryptoType=crypto/munge
StateSaveLocation={dir}/state
SlurmctldPidFile={dir}/slurmctld.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmctldPort={port}
SlurmdPidFile={dir}/slurmd-%n.pid
SlurmdLogFile={dir}/slurmd-%n.log
SlurmdSpoolDir={dir}/spool-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=5
OverTimeLimit=0
SlurmdTimeout=20
InactiveLimit=0
MinJobAge=300
SchedulerParameters=sched_interval=1,batch_sched_delay=0,max_rpc_cnt=0,requeue_delay=0
JobRequeue=1
"""


def missing():
    """Programs that are not there, and other reasons why it cannot work; empty if it can."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    gone = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    return gone or ([] if os.geteuid() == 0 else ["root"])


class Slurm:
    """The cluster in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.conf = self.folder / "slurm.conf"
        self.environ = os.environ | {"SLURM_CONF": str(self.conf),
                                     "PATH": f"{os.environ['PATH']}:/usr/sbin"}

    def start(self, cpus=2, memory=2000):
        """Start it, and wait until both nodes are idle."""
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        host = os.uname().nodename
        text = CONF.format(dir=self.folder, host=host, port=26817)
        for i, node in enumerate(NODES):
            text += (f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={26820 + i} CPUs={cpus} "
                     f"RealMemory={memory} State=UNKNOWN\n")
        text += f"PartitionName=all Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP\n"
        self.conf.write_text(text)
        self.begin("munged", "--foreground", "--force", f"--key-file={key}",
                   f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                   f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munged.seed")
        wait(lambda: (self.folder / "munge.socket").exists(), "munged")
        self.begin("slurmctld", "-D", "-f", self.conf)
        for node in NODES:
            self.node(node, up=True)
        wait(lambda: self.states() == ["idle"] * len(NODES), f"the nodes: {self.folder}/*.log")

    def begin(self, *command):
        """Start a daemon; its number is kept."""
        with open(self.folder / f"{command[0]}.out", "a") as out:
            process = subprocess.Popen([*map(str, command)], stdout=out, stderr=out, env=self.environ,
                                       start_new_session=True)
        with open(self.folder / "pids", "a") as file:
            file.write(f"{process.pid}\n")
        return process.pid

    def node(self, name, up):
        """Start the daemon of a node, or take the node away: its daemon and all that runs there."""
        file = self.folder / f"{name}.node"
        if up:
            file.write_text(str(self.begin("slurmd", "-D", "-N", name, "-f", self.conf)))
            return
        killed = [int(file.read_text()), *self.steps(name)]
        for pid in killed:
            kill(pid)

    def steps(self, node):
        """Numbers of the processes that run a job on a node, and of those that they have started."""
        parents = {}
        first = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                environ = (path / "environ").read_bytes()
            except OSError:
                continue
            if "slurmstepd" in command or f"SLURMD_NODENAME={node}\0".encode() in environ:
                if f"SLURMD_NODENAME={node}\0".encode() in environ:
                    first.append(int(path.name))
        return first + [parents[pid] for pid in first if parents[pid] > 1 and "slurmstepd" in name_of(
            parents[pid])]

    def states(self):
        """States of the nodes."""
        result = subprocess.run(["sinfo", "--noheader", "--Node", "--format=%T"], env=self.environ,
                                text=True, capture_output=True)
        return result.stdout.split()

    def stop(self):
        """End what was started."""
        subprocess.run(["scancel", "--state=RUNNING,PENDING", "--partition=all"], env=self.environ,
                       capture_output=True)
        time.sleep(1)
        for pid in reversed((self.folder / "pids").read_text().split()):
            kill(int(pid), signal.SIGTERM)


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait(condition, what, seconds=60):
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.3)


if __name__ == "__main__":
    step, folder, *rest = sys.argv[1:]
    if gone := missing():
        sys.exit(f"missing: {', '.join(gone)}")
    slurm = Slurm(Path(folder).absolute())
    if step == "start":
        slurm.start()
        print(f"export SLURM_CONF={slurm.conf}")
    elif step == "node":
        slurm.node(rest[0], rest[1] == "up")
    else:
        slurm.stop()
