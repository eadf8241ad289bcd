"""Debian systems for the package's tests: a base made once by debootstrap (under .build), layers over it to break, and
such a layer with a real systemd as its first process, in namespaces of its own. Needs root."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from localcluster import Connection, ReplyError, free_udp_ports, until  # noqa: E402,F401

BINARIES = pathlib.Path(os.environ.get("NOD_BIN", ROOT / ".build/release")).resolve()
MIRROR = os.environ.get("NOD_DEBIAN_MIRROR", "http://deb.debian.org/debian")
RELEASE = "bookworm"
# What the package depends on, systemd to run it, and a client.
INSIDE = "adduser,libinih1,libsodium23,systemd-sysv,dbus,redis-tools"
BASE = ROOT / ".build" / f"debian-{RELEASE}"


def run(*command, check=True, **options):
    done = subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done


def require_root_and(*programs):
    if os.geteuid() != 0:
        raise unittest.SkipTest("SKIPPED: needs root")
    missing = [each for each in programs if shutil.which(each) is None]
    if missing:
        raise unittest.SkipTest(f"SKIPPED: needs {', '.join(missing)} (tools/setup --packages)")


def base():
    """The base system; made at the first call, which takes some minutes and about 100 MB from the mirror."""
    if not BASE.is_dir():
        partial = BASE.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={INSIDE}", RELEASE, partial, MIRROR, timeout=900)
        partial.rename(BASE)
    return BASE


def package(*options):
    """Makes a package of what is in .build/board and returns its path."""
    done = run(ROOT / "tools/package-deb", "amd64", "--no-build", *options, cwd=ROOT)
    return (ROOT / done.stdout.splitlines()[-1].split(":")[0]).resolve()


def changed_package(path, version, line):
    """The same package as a later version, whose shipped nod.conf has a line more."""
    with tempfile.TemporaryDirectory(prefix="nod-deb-") as folder:
        tree = pathlib.Path(folder) / "tree"
        run("dpkg-deb", "-R", path, tree)
        control = tree / "DEBIAN/control"
        lines = control.read_text().splitlines()
        control.write_text("\n".join(f"Version: {version}" if each.startswith("Version:") else each for each in lines)
                           + "\n")
        with open(tree / "etc/nod/nod.conf", "a") as conffile:
            conffile.write(line + "\n")
        later = path.with_name(f"nod_{version}_amd64.deb")
        run("dpkg-deb", "--root-owner-group", "-b", tree, later)
    return later


def provision(members, directory, period_ms=200, ports=None):
    """A cluster on loopback, as nodctl of the workstation makes it."""
    lines = ["[cluster]", "name = bench", f"period_ms = {period_ms}"]
    for slot, port in enumerate(ports or free_udp_ports(members)):
        lines += [f"[member.{slot}]", f"name = n{slot + 1}", f"address = 127.0.0.1:{port}"]
    description = pathlib.Path(directory) / "bench.ini"
    description.write_text("\n".join(lines) + "\n")
    run(BINARIES / "nodctl", "provision", description, "--out", pathlib.Path(directory) / "bench")
    return pathlib.Path(directory) / "bench"


class System:
    """The base system under a layer of its own, with commands run in it by chroot: no service manager runs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nod-debian-"))
        self.root, upper, work = (self.folder / name for name in ("root", "upper", "work"))
        for each in (self.root, upper, work):
            each.mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={base()},upperdir={upper},workdir={work}", self.root)
        self.processes = []

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def run(self, *command, user=None, check=True):
        identity = [f"--userspec={user}:{user}"] if user else []
        return run("chroot", *identity, self.root, *command, check=check, timeout=120, env=self.environment())

    def start(self, command, user):
        """A program of this system in the background."""
        log = open(self.path("/tmp/agents.log"), "ab")
        process = subprocess.Popen(["chroot", f"--userspec={user}:{user}", self.root, *command], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, env=self.environment())
        log.close()
        self.processes.append(process)
        return process

    @staticmethod
    def environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def end_processes(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def install(self, package_path):
        shutil.copy(package_path, self.path("/tmp/nod.deb"))
        return self.run("dpkg", "--force-unsafe-io", "--force-confdef", "--force-confold", "-i", "/tmp/nod.deb").stdout

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def append(self, inside, text):
        with open(self.path(inside), "a") as file:
            file.write(text)

    def socket(self, inside):
        return self.path(inside)

    def call(self, socket, *words):
        with Connection(self.socket(socket), 15) as connection:
            return connection.call(*words)

    def status(self, socket):
        try:
            flat = self.call(socket, "NOD", "STATUS")
        except (OSError, ReplyError):
            return {}
        return dict(zip(flat[::2], flat[1::2]))

    def wait_healthy(self, *sockets):
        def all_are():
            return all(self.status(each).get("healthy") == 1 for each in sockets)

        until(all_are, 60, f"{', '.join(sockets)} to be healthy")

    def close(self):
        self.end_processes()
        run("umount", self.root, check=False)
        if not os.path.ismount(self.root):
            shutil.rmtree(self.folder, ignore_errors=True)


class BootedSystem(System):
    """The same with systemd as process 1, its own processes and its own network, of which only loopback is there."""

    def __init__(self, *shared):
        """shared: folders of this machine that it sees too, and cannot change."""
        super().__init__()
        self.leader = None
        self.log = open(self.folder / "boot.log", "w+")
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot",
             *(f"--bind-ro={each}" for each in shared), "-D", self.root],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def booted():
            if self.container.poll() is not None:
                raise unittest.SkipTest("SKIPPED: no systemd in a container here: " + self.boot_log()[-300:])
            self.leader = self.leader or self._find_leader()
            return self.leader and self.run("systemctl", "is-active", "multi-user.target", check=False).returncode == 0

        try:
            until(booted, 90, "systemd to boot", interval=0.5)
        except BaseException:
            self.close()
            raise

    def boot_log(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def _find_leader(self):
        children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        for child in children:
            try:
                if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return child
            except OSError:
                pass
        return None

    def run(self, *command, user=None, check=True):
        identity = ["runuser", "-u", user, "--"] if user else []
        inside = ("nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w")
        return run(*inside, *identity, *command, check=check, timeout=120, env=self.environment())

    def socket(self, inside):
        return pathlib.Path(f"/proc/{self.leader}/root") / inside.lstrip("/")

    def install(self, package_path):
        # /tmp is the container's own.
        shutil.copy(package_path, self.path("/root/nod.deb"))
        return self.run("dpkg", "--force-unsafe-io", "--force-confdef", "--force-confold", "-i", "/root/nod.deb").stdout

    def unit(self, name, what):
        return self.run("systemctl", "show", "--value", "-p", what, name).stdout.strip()

    def close(self):
        if self.leader:
            # What systemd takes for "power off now".
            os.kill(int(self.leader), signal.SIGRTMIN + 4)
        else:
            self.container.terminate()
        try:
            self.container.wait(30)
        except subprocess.TimeoutExpired:
            self.container.kill()
            self.container.wait()
        self.log.close()
        super().close()
