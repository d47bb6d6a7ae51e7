import { create, type JsonObject } from '@bufbuild/protobuf'
import type { ProjectRecord } from '../documents.ts'
import { specOf, specToJson } from '../environment/spec-json.ts'
import { type EnvironmentSpec, EnvironmentSpecSchema } from '../gen/gitpod/v1/environment_pb.js'

/** An environment of the project: what the project leaves open is as `asked`. */
export function specOfProject(project: ProjectRecord, asked = create(EnvironmentSpecSchema)): EnvironmentSpec {
  const { initializer, automationsFilePath, devcontainerFilePath } = project
  const spec = specToJson(asked) as Readonly<Record<string, JsonObject | undefined>>
  return specOf({
    ...(spec as JsonObject),
    content: { ...spec.content, initializer },
    ...(automationsFilePath !== '' && { automationsFile: { ...spec.automationsFile, automationsFilePath } }),
    ...(devcontainerFilePath !== '' && { devcontainer: { ...spec.devcontainer, devcontainerFilePath } }),
  })
}
