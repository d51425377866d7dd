/** The limits of the HTTP server, in size and time. */
export interface HttpLimits {
  /** Size of the request line and all headers. A key of 1,024 bytes takes 3,072 when every byte is percent-encoded. */
  readonly maxHeaderBytes: number;
  /** From the connection, or the first byte of a request, until its headers have arrived. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request until all of it has arrived. */
  readonly requestTimeoutMs: number;
  /** Between two checks for late requests. */
  readonly timeoutCheckMs: number;
  /** Time without a byte in either direction, after which a connection is closed: its client may not be reading its answer. */
  readonly silentConnectionMs: number;
  /** From the request until its answer has left. It also cuts off a client that reads its answer byte by byte. */
  readonly answerTimeoutMs: number;
  /** How long an idle connection is kept between two requests. */
  readonly keepAliveMs: number;
  /** For one more connection, the server closes the one whose client it has waited for longest. */
  readonly maxConnections: number;
  /** The bytes of an unwanted body that the server reads to keep the connection usable. */
  readonly maxDiscardedBytes: number;
  /** After the last answer of a connection, how long the server reads and discards what its client still sends, so that no reset destroys the answer. */
  readonly lingerMs: number;
  /** How many bytes it reads and discards: enough for clients that send everything before they read. */
  readonly maxLingerBytes: number;
}

export const httpLimits: HttpLimits = {
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  timeoutCheckMs: 1_000,
  silentConnectionMs: 30_000,
  answerTimeoutMs: 120_000,
  // Longer than the 60 seconds after which load balancers usually close, so that the load balancer closes first.
  keepAliveMs: 65_000,
  maxConnections: 1_024,
  maxDiscardedBytes: 4 * 1024 * 1024,
  lingerMs: 10_000,
  maxLingerBytes: 32 * 1024 * 1024,
};

/** At the end of the server, answers in flight have this long to leave. */
export const closePatienceMs = 2_000;
