# SPDX-License-Identifier: Apache-2.0
"""A Debian of its own, made by debootstrap in memory, in which packages can be installed.

enter_namespaces() comes first: what is mounted, and every process that is left, goes with the test.
"""

import hashlib
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

# What dpkg, apt and the account tools write about their own work.
BOOKKEEPING = {"/dev", "/proc", "/run/policy", "/sys", "/tmp", "/var/cache/apt",
               "/var/cache/ldconfig", "/var/lib/apt", "/var/lib/dpkg", "/var/log/alternatives.log",
               "/var/log/apt", "/var/log/dpkg.log"}
POLICY = '#!/bin/sh\necho "$2 $1" >> /run/policy\nexit 101\n'


def run(*command, **options):
    """Output of a command, stderr included; AssertionError with it if the command fails."""
    result = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, stdin=subprocess.DEVNULL,
                            **options)
    if result.returncode != 0:
        raise AssertionError(f"{command}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def enter_namespaces():
    """Runs this program again as root, with mounts and process ids of its own. Without root, sudo
    is asked; where it wants a password, the test fails with its words."""
    if os.environ.get("MESHHOST_CLEAN_ROOT"):
        return
    command = ["env", f"MESHHOST_BUILD={os.environ['MESHHOST_BUILD']}", "MESHHOST_CLEAN_ROOT=1",
               "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
               sys.executable, "-B", *sys.argv]
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            sys.exit("debootstrap and chroot take root: run this test as root, or install sudo")
        command = ["sudo", "-n", *command]
    os.execvp(command[0], command)


def archives():
    """(codename, address) of the Debian archives that this machine's apt uses, the base one first:
    what is built here may need what their updates brought."""
    targets = run("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)",
                  "Created-By: Packages", "Component: main")
    found = [tuple(line.split()[1:]) for line in targets.splitlines()
             if line.startswith("Debian ")]
    if not found:
        raise AssertionError(f"apt has no Debian archive to make a root from:\n{targets}")
    return sorted(found, key=lambda archive: "-" in archive[0])


class CleanRoot:
    """The tree at `path`, as small as Debian goes (minbase)."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        # In memory nobody waits for a disk to have it all, which dpkg asks for again and again.
        run("mount", "-t", "tmpfs", "-o", "mode=0755,size=2g", "tmpfs", self.path)
        self.archives = archives()
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        codename, address = self.archives[0]
        self.bootstrap = subprocess.Popen(
            ["debootstrap", "--variant=minbase", codename, self.path, address],
            stdout=self.log, stderr=subprocess.STDOUT)

    def finish(self):
        """Waits for debootstrap. It is begun early, since it takes longest."""
        if self.bootstrap.wait() != 0:
            self.log.seek(0)
            raise AssertionError(f"debootstrap failed:\n{self.log.read()}")
        run("mount", "-t", "proc", "proc", self.path / "proc")
        self.inside("/etc/apt/sources.list").write_text("".join(
            f"deb {address} {codename} main\n" for codename, address in self.archives))
        self.run("apt-get", "update", "-qq")

    def close(self):
        self.bootstrap.kill()
        self.bootstrap.wait()
        self.log.close()
        run("umount", "--recursive", "--lazy", self.path)

    def run(self, *command):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.path, *command, env=environment)

    def inside(self, path):
        """Where a path of the root is for this process."""
        return self.path / str(path).lstrip("/")

    def forbid_services(self):
        """As if systemd ran, with an administrator who forbids every start: policy() has what
        maintainer scripts asked for."""
        self.inside("/run/systemd/system").mkdir(parents=True, exist_ok=True)
        policy = self.inside("/usr/sbin/policy-rc.d")
        policy.write_text(POLICY, encoding="utf-8")
        policy.chmod(0o755)

    def policy(self):
        """["start x.service", ...] since the last time."""
        asked = self.inside("/run/policy")
        if not asked.exists():
            return []
        lines = asked.read_text(encoding="utf-8").splitlines()
        asked.unlink()
        return lines

    def files(self):
        """Path to kind, rights, owner and content, of all but BOOKKEEPING."""
        found = {}
        for folder, folders, names in os.walk(self.path):
            inside = "/" + os.path.relpath(folder, self.path).lstrip(".")
            folders[:] = [name for name in folders
                          if os.path.join(inside, name) not in BOOKKEEPING]
            for name in (*folders, *names):
                path = os.path.join(inside, name)
                if path not in BOOKKEEPING:
                    found[path] = self._describe(os.path.join(folder, name))
        return found

    @staticmethod
    def _describe(path):
        status = os.lstat(path)
        content = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
        return oct(status.st_mode), status.st_uid, status.st_gid, content
