/**
 * Servers whose Content-Range gives a wrong size of the file, the same in every answer (RFC 9110 section 14.4). curl
 * does not look at it.
 *
 * @module
 */

import { type Ask, type Reply, served } from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** Changes the total in each Content-Range; `others`: also in what is no part. */
const totals =
  (total: (size: number) => number | string, more: (reply: Reply) => Reply = (r) => r) =>
  (ask: Ask): Reply => {
    const reply = served(ask);
    if (reply.status !== 206) return reply;
    const said = String(total(ask.content.size));
    return more(reply.change("Content-Range", (value) => value.replace(/\d+$/, said)));
  };

/** A good mirror that answers so late that the other one has been believed is an error that names both sizes. */
const LATE: Pick<Kind, "beside"> = { beside: ["file", /have different files/] };

/** How two mirrors that agree on a wrong total end, alone and beside a good one. */
const DISPROVED = /says in each part that the file has \d+ bytes, but|have different files/;

/**
 * Mirrors that agree are believed; at the end their bytes show that they are wrong. One of them may have shown
 * the size, by its whole response, before the other one has.
 */
const AGREED: Pick<Kind, "copies" | "alone" | "beside"> = {
  copies: 2,
  alone: ["file", DISPROVED],
  beside: ["file", DISPROVED],
};

/** A total that is wrong in the same way in every answer. */
export const TOTALS: readonly Kind[] = ([
  kind(
    "total-one-more",
    "the total in Content-Range is one more than the size",
    BOTH,
    totals((size) => size + 1),
    { breaks: true, proxy: true },
  ),
  kind(
    "total-one-less",
    "the total in Content-Range is one less than the size",
    BOTH,
    totals((size) => size - 1),
    { breaks: true, proxy: true },
  ),
  kind("total-one-more-always", "the same, also in a 416", BOTH, (ask) => {
    const reply = served(ask);
    const total = `${ask.content.size + 1}`;
    return reply.change("Content-Range", (value) => value.replace(/\d+$/, total));
  }, { proxy: true }),
  kind("total-one-more-bare-416", "the same, and a 416 without a total", BOTH, (ask) => {
    const reply = served(ask);
    if (reply.status === 416) return reply.set("Content-Range", undefined);
    const total = `${ask.content.size + 1}`;
    return reply.change("Content-Range", (value) => value.replace(/\d+$/, total));
  }),
  kind(
    "total-one-more-chunked",
    "the same, chunked",
    BOTH,
    totals((size) => size + 1, (reply) => reply.chunked()),
  ),
  kind(
    "total-one-less-chunked",
    "one less than the size, chunked",
    BOTH,
    totals((size) => size - 1, (reply) => reply.chunked()),
  ),
  kind(
    "total-and-end-one-more",
    "an answer that reaches the end says one byte more, in its end and its total, than its length",
    BOTH,
    (ask) => {
      const reply = served(ask);
      const { size } = ask.content;
      if (reply.status !== 206) return reply;
      return reply.change(
        "Content-Range",
        (value) => value.replace(`-${size - 1}/`, `-${size}/`).replace(/\d+$/, `${size + 1}`),
      );
    },
  ),
  kind(
    "total-one-more-of-two",
    "one more than the size, on two mirrors",
    BOTH,
    totals((size) => size + 1),
    AGREED,
  ),
  kind(
    "total-one-less-of-two",
    "one less than the size, on two mirrors",
    BOTH,
    totals((size) => size - 1),
    AGREED,
  ),
  kind("total-twice", "twice the size", BOTH, totals((size) => 2 * size), { proxy: true }),
  kind("total-half", "half of the size", BOTH, totals((size) => Math.floor(size / 2)), {
    proxy: true,
  }),
] satisfies Kind[]).map((one) => ({ ...LATE, ...one }));
