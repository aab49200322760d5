import type { Lesson, Run } from '../wire';
import { page, store } from '../page';
import { ended } from '../model/run';

/** The lesson that the page is about: its own, or on the drawing the one that runs. */
export function focusLesson(): { lesson: Lesson | undefined; run: Run | undefined; last: Run | undefined; slug: string } {
  const running = page.lesson ? undefined : store.running;
  const slug = page.lesson || running?.lesson || 'architecture';
  const last = running ?? store.runOf(slug);
  return { slug, lesson: store.lessons?.find((one) => one.slug === slug), run: last && !ended(last) ? last : undefined, last };
}
