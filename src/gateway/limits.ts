/** What the HTTP server takes of a client, and for how long. */
export interface HttpLimits {
  /** Of the request line and all headers. A key of 1,024 bytes has 3,072 when every byte is percent-encoded. */
  readonly maxHeaderBytes: number;
  /** From the connection, or the first byte of a request, until the headers have come. */
  readonly headersTimeoutMs: number;
  /** Until the whole request has. */
  readonly requestTimeoutMs: number;
  /** Between two looks for those that are late. */
  readonly timeoutCheckMs: number;
  /** Without a byte in either direction: a client that does not read its answer is cut off. */
  readonly silentConnectionMs: number;
  /** From the request until its answer has left: a client that takes it byte by byte is cut off, too. */
  readonly answerTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** For one more the one is closed whose client has been waited for longest. */
  readonly maxConnections: number;
  /** Of a body that nobody wants: so much is read, for the sake of the connection. */
  readonly maxDiscardedBytes: number;
  /** After the last answer of a connection whose client is still sending: how long that is read and discarded, so that no reset destroys the answer. */
  readonly lingerMs: number;
  /** How much of it is: enough for clients that send everything before they read. */
  readonly maxLingerBytes: number;
}

export const httpLimits: HttpLimits = {
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  timeoutCheckMs: 1_000,
  silentConnectionMs: 30_000,
  answerTimeoutMs: 120_000,
  // Longer than the 60 seconds after which load balancers usually close: it should be they who do.
  keepAliveMs: 65_000,
  maxConnections: 1_024,
  maxDiscardedBytes: 4 * 1024 * 1024,
  lingerMs: 10_000,
  maxLingerBytes: 32 * 1024 * 1024,
};

/** When the server ends: for answers under way. */
export const closePatienceMs = 2_000;
