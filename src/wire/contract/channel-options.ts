/** How grpc-js channels and servers of kvnode are set up, and why. */
import type { ChannelOptions } from '@grpc/grpc-js';

/** Largest message in either direction; values are bounded far below it. */
export const maxMessageBytes = 16 * 1024 * 1024;

const common: ChannelOptions = {
  // Counters nobody reads cost a part of every call.
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

export const channelOptions: ChannelOptions = {
  ...common,
  // Nodes of one cluster are not behind the proxy that the environment names for the web.
  'grpc.enable_http_proxy': 0,
  // Otherwise every host name is asked for a TXT record as well.
  'grpc.service_config_disable_resolution': 1,
  // A channel built anew must not be handed the stuck connection of the old one.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // The only thing that finds a connection whose other end has vanished without a word.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};

export const serverOptions: ChannelOptions = {
  ...common,
  // A burst beyond this waits at its client: taken in at once it would hold up beacons for longer than a lease.
  'grpc.max_concurrent_streams': 1_024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
};
