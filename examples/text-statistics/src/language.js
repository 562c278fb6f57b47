// @ts-check
// What tasks.js imports becomes part of the same bundle.

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** @param {string} text */
export function wordsOf(text) {
  return text.toLowerCase().match(/\p{L}+(?:['’]\p{L}+)*/gu) ?? [];
}

/** @param {string} text */
export function sentencesOf(text) {
  return Array.from(segmenter.segment(text), ({ segment }) => segment).filter((sentence) => /\p{L}/u.test(sentence));
}

/**
 * Flesch reading ease, with syllables estimated by groups of vowels.
 * @param {readonly string[]} words
 * @param {number} sentences
 */
export function readingEase(words, sentences) {
  const syllables = words.reduce((sum, word) => sum + Math.max(1, word.match(/[aeiouy]+/g)?.length ?? 0), 0);
  return 206.835 - 1.015 * (words.length / sentences) - 84.6 * (syllables / words.length);
}
