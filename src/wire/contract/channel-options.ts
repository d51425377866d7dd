/** The options of kvnode's gRPC channels and servers, with the reason for each. */
import type { ChannelOptions } from '@grpc/grpc-js';

/** Limits a message in either direction. The limit of values is far below it. */
export const maxMessageBytes = 16 * 1024 * 1024;

const common: ChannelOptions = {
  // Channelz counts every call, and kvnode does not read these counters.
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

/** Options of the channels from clients to nodes, and between nodes. */
export const channelOptions: ChannelOptions = {
  ...common,
  // The proxy in the environment is for the web, and nodes of a cluster are not behind it.
  'grpc.enable_http_proxy': 0,
  // Otherwise grpc-js queries a TXT record for every host name as well.
  'grpc.service_config_disable_resolution': 1,
  // A new channel must not reuse the stuck connection of the channel that it replaces.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Only keepalive detects a connection whose other end has vanished without closing it.
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};

/** Options of a node's gRPC server. */
export const serverOptions: ChannelOptions = {
  ...common,
  // Limits the open calls of one connection; more calls wait at the client. A larger burst, taken in at once, would delay
  // beacons for longer than a lease.
  'grpc.max_concurrent_streams': 1_024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
};
