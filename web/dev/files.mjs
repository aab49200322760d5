// The kernel's files of the scripted host: their names in both versions of cgroups, and what they hold.
const rows = (names, list) => list.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]).filter(([, value]) => value)));

/** As the server sends them in topology: from docker run's flags to the files. */
export const cgroupFiles = rows(['limit', 'source', 'flag', 'hostConfig', 'v1File', 'v1Unit', 'v2File', 'v2Unit'], [
  ['cpu', 'cpuMax', '--cpus', 'NanoCpus', 'cpu.cfs_quota_us', 'microseconds', 'cpu.max', 'microseconds'],
  ['cpuWeight', 'cpuWeight', '--cpu-shares', 'CpuShares', 'cpu.shares', 'shares', 'cpu.weight', 'weight'],
  ['cpuSet', 'cpuSet', '--cpuset-cpus', 'CpusetCpus', 'cpuset.cpus', 'processor numbers', 'cpuset.cpus.effective', 'processor numbers'],
  ['memory', 'memoryMax', '--memory', 'Memory', 'memory.limit_in_bytes', 'bytes', 'memory.max', 'bytes'],
  ['memorySwap', 'memorySwapMax', '--memory-swap', 'MemorySwap', 'memory.memsw.limit_in_bytes', 'bytes', 'memory.swap.max', 'bytes'],
  ['memoryReservation', 'memoryReservation', '--memory-reservation', 'MemoryReservation', 'memory.soft_limit_in_bytes', 'bytes', 'memory.low', 'bytes'],
  ['pids', 'pidsMax', '--pids-limit', 'PidsLimit', 'pids.max', 'tasks', 'pids.max', 'tasks'],
  ['io', 'ioMax', '--device-write-bps', 'BlkioDeviceWriteBps', 'blkio.throttle.write_bps_device', 'bytes per second', 'io.max', 'bytes and operations per second'],
]);

/** The same for the counters of a sample. */
export const counterFiles = rows(['counter', 'controller', 'v1File', 'v1Key', 'v1Unit', 'v2File', 'v2Key', 'v2Unit'], [
  ['cpuUsageUsec', 'cpu', 'cpuacct.usage', '', 'nanoseconds', 'cpu.stat', 'usage_usec', 'microseconds'],
  ['cpuPeriods', 'cpu', 'cpu.stat', 'nr_periods', 'periods', 'cpu.stat', 'nr_periods', 'periods'],
  ['cpuThrottledPeriods', 'cpu', 'cpu.stat', 'nr_throttled', 'periods', 'cpu.stat', 'nr_throttled', 'periods'],
  ['cpuThrottledUsec', 'cpu', 'cpu.stat', 'throttled_time', 'nanoseconds', 'cpu.stat', 'throttled_usec', 'microseconds'],
  ['memoryCurrentBytes', 'memory', 'memory.usage_in_bytes', '', 'bytes', 'memory.current', '', 'bytes'],
  ['memoryAnonBytes', 'memory', 'memory.stat', 'total_rss', 'bytes', 'memory.stat', 'anon', 'bytes'],
  ['memoryActiveFileBytes', 'memory', 'memory.stat', 'total_active_file', 'bytes', 'memory.stat', 'active_file', 'bytes'],
  ['memoryInactiveFileBytes', 'memory', 'memory.stat', 'total_inactive_file', 'bytes', 'memory.stat', 'inactive_file', 'bytes'],
  ['memoryKernelBytes', 'memory', 'memory.kmem.usage_in_bytes', '', 'bytes', 'memory.stat', 'kernel', 'bytes'],
  ['oomKills', 'memory', 'memory.oom_control', 'oom_kill', 'processes', 'memory.events', 'oom_kill', 'processes'],
  ['pidsCurrent', 'pids', 'pids.current', '', 'tasks', 'pids.current', '', 'tasks'],
  ['pidsRefused', 'pids', 'pids.events', 'max', 'refusals', 'pids.events', 'max', 'refusals'],
  ['ioReadBytes', 'io', 'blkio.throttle.io_service_bytes_recursive', 'Read', 'bytes', 'io.stat', 'rbytes', 'bytes'],
  ['ioWriteBytes', 'io', 'blkio.throttle.io_service_bytes_recursive', 'Write', 'bytes', 'io.stat', 'wbytes', 'bytes'],
  ['cpuPressureUsec', 'cpu', '', '', '', 'cpu.pressure', 'some', 'microseconds'],
  ['memoryPressureUsec', 'memory', '', '', '', 'memory.pressure', 'some', 'microseconds'],
  ['ioPressureUsec', 'io', '', '', '', 'io.pressure', 'some', 'microseconds'],
]);

const pressure = (total) => `some avg10=0.00 avg60=0.12 avg300=0.05 total=${total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${Math.round(total / 3)}\n`;

/** What a file of a container holds: limits and counters as the host has them now. */
export function contentOf(file, limits, counters = {}) {
  const value = (name) => Math.round(counters[name] ?? 0);
  const known = {
    'cpu.max': `${limits.cpu.raw}\n`, 'cpu.weight': '100\n', 'cpuset.cpus.effective': '0-7\n',
    'cpu.stat': `usage_usec ${value('cpuUsageUsec')}\nuser_usec ${Math.round(value('cpuUsageUsec') * 0.97)}\nsystem_usec ${Math.round(value('cpuUsageUsec') * 0.03)}\nnr_periods ${value('cpuPeriods')}\nnr_throttled ${value('cpuThrottledPeriods')}\nthrottled_usec ${value('cpuThrottledUsec')}\nnr_bursts 0\nburst_usec 0\n`,
    'memory.max': `${limits.memory.raw}\n`, 'memory.swap.max': 'max\n', 'memory.low': '0\n', 'memory.current': `${value('memoryCurrentBytes')}\n`,
    'memory.stat': `anon ${value('memoryAnonBytes')}\nfile ${value('memoryActiveFileBytes') + value('memoryInactiveFileBytes')}\nkernel ${value('memoryKernelBytes')}\nkernel_stack 147456\npagetables 507904\nsec_pagetables 0\npercpu 1216\nsock 0\nshmem 0\nfile_mapped 10526720\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\ninactive_anon ${value('memoryAnonBytes')}\nactive_anon 0\ninactive_file ${value('memoryInactiveFileBytes')}\nactive_file ${value('memoryActiveFileBytes')}\nunevictable 0\nslab_reclaimable 402160\nslab_unreclaimable 329472\nslab 731632\npgfault 41213\npgmajfault 12\n`,
    'memory.events': `low 0\nhigh 0\nmax ${value('oomKills') * 31}\noom ${value('oomKills')}\noom_kill ${value('oomKills')}\noom_group_kill 0\n`,
    'pids.max': `${limits.pids.raw}\n`, 'pids.current': `${value('pidsCurrent')}\n`, 'pids.events': `max ${value('pidsRefused')}\n`,
    'io.max': '', 'io.stat': `253:0 rbytes=${value('ioReadBytes')} wbytes=${value('ioWriteBytes')} rios=212 wios=98 dbytes=0 dios=0\n`,
    'cpu.pressure': pressure(91_837), 'memory.pressure': pressure(1204), 'io.pressure': pressure(60_417),
  };
  return known[file];
}
