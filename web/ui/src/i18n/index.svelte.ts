// The words and formats of the language, time zone and theme in force.
//
// Reads `prefs`, so whatever calls these while it renders is rendered again after a switch.

import * as format from '../lib/format';
import { prefs } from '../lib/prefs.svelte';
import type { Language, Measure, Text } from '../types';
import { fill, known, type Dictionary, type Key, type Values } from './dictionary';
import { en } from './en';
import { ja } from './ja';

const DICTIONARIES: Record<Language, Dictionary> = { ja, en };

export function t<K extends Key>(key: K, ...values: Values<K>): string {
  return fill(DICTIONARIES[prefs.language][key], values[0]);
}

/** The word of a closed set, or the word itself where the server knows more than this page. */
export function word(prefix: string, name: string): string {
  const dictionary = DICTIONARIES[prefs.language];
  const key = known(dictionary, prefix, name);
  return key ? dictionary[key] : name;
}

/** A sentence of the server in the chosen language, or in the other where that is empty. */
export function said(text: Text | null | undefined): string {
  if (!text) return '';
  return text[prefs.language] || text.ja || text.en;
}

const zone = () => (prefs.clock === 'utc' ? 'UTC' : undefined);

export const number = (value: number, digits = 0) => format.number(value, prefs.language, digits);
export const percent = (share: number) => format.percent(share, prefs.language);
export const octets = (value: number) => format.octets(value, prefs.language);
export const seconds = (value: number) => format.seconds(value, prefs.language);
export const instant = (text: string, digits: 0 | 3 | 6 = 0) => format.instant(text, prefs.language, zone(), digits);
export const axisTimes = (times: number[], step: number) => format.axisTimes(times, step, prefs.language, zone());
export const timeZone = () => format.zoneName(prefs.language, zone());

/** A volume in the measure chosen: octets with a unit, the others as numbers. */
export const measured = (measure: Measure, value: number) => (measure === 'octets' ? octets(value) : number(value));
