/** A line to be drawn through the channel: from a point above to one below. */
export interface Net {
  n: number;
  kind: 'namespaces' | 'cgroup';
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export interface Routed extends Net {
  /** The height of its horizontal part; undefined where it runs straight down. */
  y?: number;
  /** Where one of its verticals crosses a horizontal of another line. */
  crossings: { x: number; y: number }[];
}

const straight = (net: Net): boolean => Math.abs(net.x1 - net.x2) < 1;
const low = (net: Net): number => Math.min(net.x1, net.x2);
const high = (net: Net): number => Math.max(net.x1, net.x2);
const within = (x: number, net: Net): boolean => x > low(net) + 1 && x < high(net) - 1;

/** The price of two lines on their tracks: crossings cost one, meeting costs more than any crossing. */
function price(a: Net, ta: number, b: Net, tb: number): number {
  if (straight(a) && straight(b)) return 0;
  if (straight(a)) return within(a.x1, b) ? 1 : 0;
  if (straight(b)) return within(b.x1, a) ? 1 : 0;
  if (ta === tb) return low(a) - 16 < high(b) && low(b) - 16 < high(a) ? 1000 : 0;
  const [upper, lower] = ta < tb ? [a, b] : [b, a];
  let cost = 0;
  if (within(lower.x1, upper)) cost += 1;
  if (within(upper.x2, lower)) cost += 1;
  // Two verticals on one another would read as one line.
  if (Math.abs(upper.x2 - lower.x1) < 9) cost += 60;
  return cost;
}

/** Chooses a track for each line so that the fewest cross. tracks are heights, top first. */
export function route(nets: Net[], tracks: number[]): Routed[] {
  const count = Math.max(1, tracks.length);
  const total = (choice: number[]): number => {
    let sum = 0;
    for (let i = 0; i < nets.length; i += 1) for (let j = i + 1; j < nets.length; j += 1) sum += price(nets[i]!, choice[i]!, nets[j]!, choice[j]!);
    return sum;
  };
  let best: number[] = nets.map(() => 0);
  let bestCost = Infinity;
  for (let start = 0; start < count * 4 && bestCost > 0; start += 1) {
    const choice = nets.map((_, i) => (i * (1 + (start % 3)) + start) % count);
    let cost = total(choice);
    for (let better = true; better; ) {
      better = false;
      for (let i = 0; i < nets.length; i += 1) {
        if (straight(nets[i]!)) continue;
        for (let track = 0; track < count; track += 1) {
          const before = choice[i]!;
          if (track === before) continue;
          choice[i] = track;
          const now = total(choice);
          if (now < cost) {
            cost = now;
            better = true;
          } else choice[i] = before;
        }
      }
    }
    if (cost < bestCost) {
      bestCost = cost;
      best = [...choice];
    }
  }
  return nets.map((net, i): Routed => {
    const y = straight(net) ? undefined : tracks[best[i]!];
    const crossings: Routed['crossings'] = [];
    nets.forEach((other, j) => {
      if (i === j || straight(other)) return;
      const height = tracks[best[j]!]!;
      if (within(net.x1, other) && (y === undefined || height < y)) crossings.push({ x: net.x1, y: height });
      else if (y !== undefined && within(net.x2, other) && height > y) crossings.push({ x: net.x2, y: height });
    });
    return { ...net, ...(y === undefined ? {} : { y }), crossings };
  });
}

/** The two layers of a routed line: what lies beneath, and the verticals above. */
export function paths(net: Routed, radius = 7): { beneath: string; above: string } {
  const { x1, y1, x2, y2, y } = net;
  if (y === undefined) return { beneath: '', above: `M${x1} ${y1}V${y2}` };
  const r = Math.min(radius, Math.abs(x2 - x1) / 2);
  const to = Math.sign(x2 - x1) * r;
  return {
    beneath: `M${x1} ${y - r}Q${x1} ${y} ${x1 + to} ${y}H${x2 - to}Q${x2} ${y} ${x2} ${y + r}`,
    above: `M${x1} ${y1}V${y - r}M${x2} ${y + r}V${y2}`,
  };
}
