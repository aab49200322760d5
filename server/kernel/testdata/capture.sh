#!/bin/sh
# capture.sh OUT NAME…: copies what the readers of server/kernel read of the host
# and of the running containers NAME… into OUT, as a tree of /proc and /sys.
# Run as root on the host. The containers' folders keep their real names; only
# the lines of the mount table that are about cgroups are kept of our own.
set -eu
out=$1
shift
copy() { # path: copies what a read gives; a file that cannot be read is left out
  if cat "$1" >/tmp/capture.$$ 2>/dev/null; then
    mkdir -p "$out$(dirname "$1")"
    cp /tmp/capture.$$ "$out$1"
  fi
  rm -f /tmp/capture.$$
}
links() { # PID or self, and the name under which it is kept
  mkdir -p "$out/proc/$2/ns"
  for type in pid net mnt uts ipc user cgroup time; do
    target=$(readlink "/proc/$1/ns/$type") && ln -sfn "$target" "$out/proc/$2/ns/$type" || true
  done
}
interfaces() { # folder of interfaces
  for interface in "$1"/*; do copy "$interface/ifindex"; copy "$interface/iflink"; done
}
mkdir -p "$out/proc/self"
grep -E ' - cgroup2? ' /proc/self/mountinfo >"$out/proc/self/mountinfo"
for file in 2/stat 2/comm sys/kernel/cap_last_cap sys/kernel/hostname; do copy "/proc/$file"; done
links $$ self
links 2 2
interfaces /sys/class/net
# The files that sit at the top of a hierarchy and are read too.
for top in $(cut -d' ' -f5 "$out/proc/self/mountinfo"); do
  for file in cgroup.controllers cpuset.cpus blkio.throttle.io_service_bytes blkio.throttle.io_service_bytes_recursive; do
    copy "$top/$file"
  done
done
for name in "$@"; do
  pid=$(docker inspect -f '{{.State.Pid}}' "$name")
  mkdir -p "$out/proc/$pid"
  echo "$pid" >"$out/$name.pid"
  for file in cgroup stat status cmdline comm uid_map attr/current; do copy "/proc/$pid/$file"; done
  grep -E "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ (/|/proc|/sys) " "/proc/$pid/mountinfo" >"$out/proc/$pid/mountinfo"
  links "$pid" "$pid"
  interfaces "/proc/$pid/root/sys/class/net"
  # Each hierarchy is mounted at a folder; the group's path is below it.
  while IFS=: read -r number controllers path; do
    [ "$path" != / ] || continue
    if [ "$number" = 0 ]; then
      top=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
    else
      top=$(awk -v c="$controllers" '$0 ~ / - cgroup / { n = split($NF, o, ","); k = split(c, want, ",")
        for (i in o) if (o[i] == want[1]) { print $5; exit } }' /proc/self/mountinfo)
    fi
    [ -n "$top" ] || continue
    for file in cgroup.procs cgroup.controllers \
      cpu.stat cpu.max cpu.weight cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpuacct.usage \
      cpuset.cpus cpuset.cpus.effective \
      memory.current memory.stat memory.events memory.max memory.swap.max memory.low \
      memory.usage_in_bytes memory.oom_control memory.kmem.usage_in_bytes \
      memory.limit_in_bytes memory.memsw.limit_in_bytes memory.soft_limit_in_bytes \
      pids.current pids.events pids.max \
      io.stat io.max blkio.throttle.io_service_bytes blkio.throttle.io_service_bytes_recursive \
      blkio.throttle.write_bps_device blkio.throttle.read_bps_device \
      cpu.pressure memory.pressure io.pressure; do
      copy "$top$path/$file"
    done
  done <"/proc/$pid/cgroup"
done
