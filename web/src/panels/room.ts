/** How many of a panel's containers are shown, and how many stand side by side. */
export interface Room {
  across: number;
  shown: number;
}

/** The least that one container's share of a panel can be read in, in CSS pixels at scale 1. */
const least = { width: 150, height: 25 };

/** A share is best this many times as wide as it is high. */
const best = 3.4;

/**
 * Divides a frame among containers: in as many columns as give each the most
 * room, and where not all can be read, only the first ones.
 */
export function roomFor(count: number, width: number, height: number): Room {
  let found: Room | undefined;
  let most = 0;
  for (let across = 1; across <= Math.min(4, count); across += 1) {
    const down = Math.ceil(count / across);
    const [wide, high] = [width / across, height / down];
    if ((across > 1 && wide < least.width) || high < least.height) continue;
    const size = Math.min(high, wide / best);
    if (size > most) [found, most] = [{ across, shown: count }, size];
  }
  // One line is left for the words that say how many are left out.
  return found ?? { across: 1, shown: Math.max(1, Math.min(count, Math.floor(height / least.height) - 1)) };
}
