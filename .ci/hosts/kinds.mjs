// The kinds of host that the suite boots. All are Debian without systemd, so the
// engines use the cgroupfs driver.
//
//   suite   of Debian, whose disk .ci/hosts/image makes
//   engine  the command that starts it; none for Porthole's own
//   socket  where it answers
//   cgroup  v2 unless it is v1, a hierarchy for each controller
//   keep    true: DOCKER_HOST is needed to find it there
//   user    who runs the program: without root, and with control groups that root
//           has given away; root, if there is none
const dockerd = { engine: 'dockerd', socket: 'unix:///var/run/docker.sock' };

export const kinds = {
  trixie: { ...dockerd, says: 'Debian trixie, Docker Engine', suite: 'trixie' },
  remapped: { ...dockerd, says: 'the same with --userns-remap=default', suite: 'trixie', engine: 'dockerd --userns-remap=default' },
  sid: { ...dockerd, says: 'Debian sid, Docker Engine', suite: 'sid' },
  old: { ...dockerd, says: 'Debian bookworm, cgroup v1, Docker Engine', suite: 'bookworm', cgroup: 'v1' },
  podman: {
    says: "Debian trixie, Podman's Docker-compatible socket", suite: 'trixie',
    engine: 'podman system service --time=0 unix:///run/podman/podman.sock', socket: 'unix:///run/podman/podman.sock',
  },
  builtin: { says: 'Debian trixie, without any engine but the built-in one', suite: 'trixie', engine: '' },
  rootless: { says: 'Debian trixie, the built-in engine without root', suite: 'trixie', engine: '', user: 'student' },
};
