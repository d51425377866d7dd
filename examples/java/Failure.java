import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** The error of an operation, as a node or the transport reports it. */
final class Failure {
  private static final Metadata.Key<String> CODE = key("kv-code");
  private static final Metadata.Key<String> EXECUTED = key("kv-executed");
  private static final Metadata.Key<String> PRIMARY = key("kv-primary");
  private static final Metadata.Key<String> VERSION = key("kv-version");

  final Status status;
  /** As in docs/errors.md; the name of the status if the error is not from a node. */
  final String code;
  /** False: the operation may have been executed, or may still be. */
  final boolean definitelyNotExecuted;
  /** host:port of the node for the next attempt, or null. */
  final String primary;
  /** With VERSION_MISMATCH: the current version of the key; otherwise 0. */
  final long currentVersion;

  Failure(StatusRuntimeException error) {
    Metadata trailers = error.getTrailers() == null ? new Metadata() : error.getTrailers();
    status = error.getStatus();
    code = trailers.containsKey(CODE) ? trailers.get(CODE) : status.getCode().name();
    definitelyNotExecuted = "no".equals(trailers.get(EXECUTED));
    primary = trailers.get(PRIMARY);
    currentVersion = trailers.containsKey(VERSION) ? Long.parseLong(trailers.get(VERSION)) : 0;
  }

  boolean mayRetryWrite() {
    return definitelyNotExecuted && (status.getCode() == Status.Code.UNAVAILABLE || code.equals("OVERLOADED"));
  }

  @Override
  public String toString() {
    return code + ", definitely not executed: " + definitelyNotExecuted + ": " + status.getDescription();
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
