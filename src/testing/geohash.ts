/**
 * Geohashes of 52 bits, distances, and the cells around a place, as GEOSEARCH of Redis goes through them.
 *
 * @module
 */

/** Longitude and latitude. */
export type Place = readonly [number, number];

interface Cell {
  readonly bits: bigint;
  readonly step: number;
}

interface Area {
  readonly lon: readonly [number, number];
  readonly lat: readonly [number, number];
}

const RADIUS = 6372797.560856;
const MERCATOR_MAX = 20037726.37;
const LAT_MAX = 85.05112878;
const STEPS = 26;
const X = 0xaaaaaaaaaaaaaaaan;
const Y = 0x5555555555555555n;
const RADIANS = Math.PI / 180;
const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";

/** Whether there are places there. */
export function isPlace([lon, lat]: Place): boolean {
  return lon >= -180 && lon <= 180 && lat >= -LAT_MAX && lat <= LAT_MAX;
}

function encode([lon, lat]: Place, step: number, latMax: number = LAT_MAX): Cell {
  const scale = 2 ** step;
  const x = BigInt(Math.floor(((lon + 180) / 360) * scale));
  const y = BigInt(Math.floor(((lat + latMax) / (2 * latMax)) * scale));
  let bits = 0n;
  // 32, as the last place of all is one more than fits.
  for (let i = 0; i < 32; i++) {
    const shift = BigInt(i);
    bits |= ((y >> shift) & 1n) << (2n * shift);
    bits |= ((x >> shift) & 1n) << (2n * shift + 1n);
  }
  return { bits, step };
}

function decode({ bits, step }: Cell): Area {
  let [x, y] = [0, 0];
  for (let i = 31; i >= 0; i--) {
    const pair = Number((bits >> BigInt(2 * i)) & 3n);
    x = x * 2 + (pair >> 1);
    y = y * 2 + (pair & 1);
  }
  const scale = 2 ** step;
  const at = (part: number, min: number, max: number): number => min + (part / scale) * (max - min);
  return {
    lon: [at(x, -180, 180), at(x + 1, -180, 180)],
    lat: [at(y, -LAT_MAX, LAT_MAX), at(y + 1, -LAT_MAX, LAT_MAX)],
  };
}

/** The score of a place. */
export function encodePlace(place: Place): number {
  return Number(encode(place, STEPS).bits);
}

/** A score that is no geohash has bits, too. */
function bitsOf(score: number): bigint {
  // As processors convert numbers that are out of range.
  if (score >= -(2 ** 63) && score < 2 ** 64) return BigInt.asUintN(64, BigInt(Math.trunc(score)));
  return score > 0 ? 0n : 1n << 63n;
}

/** The place of a score. */
export function decodePlace(score: number): Place {
  const { lon, lat } = decode({ bits: bitsOf(score), step: STEPS });
  return [
    Math.min(180, Math.max(-180, (lon[0] + lon[1]) / 2)),
    Math.min(LAT_MAX, Math.max(-LAT_MAX, (lat[0] + lat[1]) / 2)),
  ];
}

/** The 11 letters that others know. */
export function geohashText(place: Place): string {
  const { bits } = encode(place, STEPS, 90);
  let text = "";
  for (let i = 1; i <= 10; i++) text += ALPHABET[Number((bits >> BigInt(52 - i * 5)) & 31n)];
  return text + "0";
}

/** Metres between two places. */
export function distance([lon1, lat1]: Place, [lon2, lat2]: Place): number {
  const [a, b] = [lat1 * RADIANS, lat2 * RADIANS];
  const v = Math.sin((lon2 * RADIANS - lon1 * RADIANS) / 2);
  if (v === 0) return RADIUS * Math.abs(b - a);
  const u = Math.sin((b - a) / 2);
  return 2 * RADIUS * Math.asin(Math.sqrt(u * u + Math.cos(a) * Math.cos(b) * v * v));
}

function moveX({ bits, step }: Cell, by: number): Cell {
  if (by === 0) return { bits, step };
  const y = bits & Y;
  let x = bits & X;
  const zz = Y >> BigInt(64 - step * 2);
  x = by > 0 ? x + (zz + 1n) : (x | zz) - (zz + 1n);
  return { bits: (x & (X >> BigInt(64 - step * 2))) | y, step };
}

function moveY({ bits, step }: Cell, by: number): Cell {
  if (by === 0) return { bits, step };
  const x = bits & X;
  let y = bits & Y;
  const zz = X >> BigInt(64 - step * 2);
  y = by > 0 ? y + (zz + 1n) : (y | zz) - (zz + 1n);
  return { bits: x | (y & (Y >> BigInt(64 - step * 2))), step };
}

/** A circle, or a rectangle, in metres. */
export interface Shape {
  /** Its middle. */
  readonly center: Place;
  /** The radius of a circle. */
  readonly radius: number | undefined;
  /** The width of a rectangle. */
  readonly width: number;
  /** The height of a rectangle. */
  readonly height: number;
}

function bounds({ center: [lon, lat], radius, width, height }: Shape): [number, number, number, number] {
  const [h, w] = radius === undefined ? [height / 2, width / 2] : [radius, radius];
  const latDelta = h / RADIUS / RADIANS;
  const top = w / RADIUS / Math.cos((lat + latDelta) * RADIANS) / RADIANS;
  const bottom = w / RADIUS / Math.cos((lat - latDelta) * RADIANS) / RADIANS;
  const side = lat < 0 ? bottom : top;
  return [lon - side, lat - latDelta, lon + side, lat + latDelta];
}

function estimateSteps(metres: number, lat: number): number {
  if (metres === 0) return STEPS;
  let step = 1;
  for (; metres < MERCATOR_MAX; step++) metres *= 2;
  step -= 2;
  if (Math.abs(lat) > 66) step -= Math.abs(lat) > 80 ? 2 : 1;
  return Math.min(STEPS, Math.max(1, step));
}

/** East and north of each cell, in the order in which they are searched. */
const AROUND: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** The ranges of scores in which a shape lies: from, and up to but without the last. */
export function searchRanges(shape: Shape): [number, number][] {
  const [minLon, minLat, maxLon, maxLat] = bounds(shape);
  const metres = shape.radius ?? Math.sqrt((shape.width / 2) ** 2 + (shape.height / 2) ** 2);
  let steps = estimateSteps(metres, shape.center[1]);
  let cell = encode(shape.center, steps);
  const area = (x: number, y: number): Area => decode(moveY(moveX(cell, x), y));
  const tooSmall = area(0, 1).lat[1] < maxLat || area(0, -1).lat[0] > minLat || area(1, 0).lon[1] < maxLon ||
    area(-1, 0).lon[0] > minLon;
  if (steps > 1 && tooSmall) {
    steps--;
    cell = encode(shape.center, steps);
  }
  const middle = decode(cell);
  const useless = ([x, y]: readonly [number, number]): boolean =>
    steps >= 2 && (
      (middle.lat[0] < minLat && y < 0) || (middle.lat[1] > maxLat && y > 0) ||
      (middle.lon[0] < minLon && x < 0) || (middle.lon[1] > maxLon && x > 0)
    );
  const ranges: [number, number][] = [];
  let last: bigint | undefined;
  for (const around of AROUND) {
    if (useless(around)) continue;
    const { bits } = moveY(moveX(cell, around[0]), around[1]);
    // Neighbours of huge cells can be the same cell.
    if (bits === last) continue;
    last = bits;
    const shift = BigInt(52 - steps * 2);
    ranges.push([Number(bits << shift), Number((bits + 1n) << shift)]);
  }
  return ranges;
}

/** The distance of a place from the middle of a shape; `undefined` where it is not within. */
export function distanceWithin({ center, radius, width, height }: Shape, place: Place): number | undefined {
  if (radius !== undefined) {
    const metres = distance(center, place);
    return metres <= radius ? metres : undefined;
  }
  if (distance([place[0], place[1]], [place[0], center[1]]) > height / 2) return undefined;
  if (distance([place[0], place[1]], [center[0], place[1]]) > width / 2) return undefined;
  return distance(center, place);
}
