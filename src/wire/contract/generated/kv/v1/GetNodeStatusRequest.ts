// Original file: proto/kv/v1/kv.proto


export interface GetNodeStatusRequestInput {
}

export interface GetNodeStatusRequest {
}
