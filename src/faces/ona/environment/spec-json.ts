import type { JsonValue } from '@bufbuild/protobuf'
import { fromJson, toJson } from '@bufbuild/protobuf'
import { type EnvironmentSpec, EnvironmentSpecSchema } from '../gen/gitpod/v1/environment_pb.js'

/** An environment's specification as it is kept: the message's own JSON. */
export type EnvironmentSpecJson = JsonValue

export const specToJson = (spec: EnvironmentSpec): EnvironmentSpecJson => toJson(EnvironmentSpecSchema, spec)
export const specOf = (json: EnvironmentSpecJson): EnvironmentSpec =>
  fromJson(EnvironmentSpecSchema, json, { ignoreUnknownFields: true })
