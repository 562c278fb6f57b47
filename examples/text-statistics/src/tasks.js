// @ts-check
// The tasks. This module is sent to the runners and evaluated there, so it does nothing by itself; the program is main.js.
import { defineTask } from "@scaler-aws-hpc/client";
import { readingEase, sentencesOf, wordsOf } from "./language.js";

/**
 * What is told of a text.
 * @typedef {object} Statistics
 * @property {number} words
 * @property {number} sentences
 * @property {number} ease Flesch reading ease: above 60 is plain English, below 30 is hard
 * @property {Map<string, number>} frequent how often the most frequent words occur, stop words left out
 */

const MOST_FREQUENT = 5;

export const statistics = defineTask(
  import.meta.url,
  /**
   * @param {{ readonly name: string, readonly bytes: Uint8Array }} file
   * @param {Set<string>} stopWords
   * @returns {Statistics}
   */
  ({ name, bytes }, stopWords) => {
    const text = decoded(name, bytes);
    const words = wordsOf(text);
    if (words.length === 0) throw Object.assign(new Error(`${name} has no words`), { code: "NO_WORDS" });
    const sentences = sentencesOf(text).length;
    return {
      words: words.length,
      sentences,
      ease: readingEase(words, sentences),
      frequent: frequent(words, stopWords),
    };
  },
);

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 */
function decoded(name, bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    // Code and cause arrive at the client as they are here.
    throw Object.assign(new Error(`${name} is not UTF-8 text`, { cause }), { code: "NOT_TEXT" });
  }
}

/**
 * @param {readonly string[]} words
 * @param {Set<string>} stopWords
 */
function frequent(words, stopWords) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const word of words) if (!stopWords.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_FREQUENT));
}
