/** The message `Position`, which requests, answers and topologies contain. */
import { MessageTable } from '../protobuf/message-table.js';
import type { Position } from './kv-api.js';

export const positionTable = new MessageTable<Position>({ history: [1, 'string'], seq: [2, 'uint'] });
