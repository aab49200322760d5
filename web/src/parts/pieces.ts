/** Splits before each flag, so that a line never breaks between a flag and its value. */
export function pieces(command: string): string[] {
  const words = command.replace(/\\\n\s*/g, ' ').split(/\s+/);
  const split: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]!;
    const next = words[i + 1];
    // Flags that take no value must not swallow the word after them.
    if (word.startsWith('--') && !word.includes('=') && next && !next.startsWith('-') && !/^--(rm|detach|init|read-only|interactive|tty|privileged)$/.test(word)) {
      split.push(`${word} ${next}`);
      i += 1;
    } else if (word) split.push(word);
  }
  return split;
}

/** Splits a sentence at the flags in it: every second piece is one, with its value, and is not to be broken. */
export function atFlags(sentence: string): string[] {
  // The word after a flag may be the sentence's next: its value is only what begins with a digit or is joined by a hyphen.
  return sentence.split(/(--[a-z][\w=-]*(?: (?:\d[\w.]*(?::\w+)*|[a-z]+-[a-z]+(?![\w-])))?)/);
}
