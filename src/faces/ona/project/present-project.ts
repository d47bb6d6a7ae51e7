import { fromJson, type MessageInitShape } from '@bufbuild/protobuf'
import type { Tenant } from '../../../core/identity.ts'
import type { ProjectRecord } from '../documents.ts'
import { CLASS_ID } from '../environment/present-environment.ts'
import { EnvironmentInitializerSchema } from '../gen/gitpod/v1/environment_pb.js'
import { ProjectPhase, ProjectPrebuildConfigurationSchema, type ProjectSchema } from '../gen/gitpod/v1/project_pb.js'
import { defined } from '../wire/defined.ts'
import { organizationOf, subjectOf, timestamp } from '../wire/subject.ts'

const CLASS = { environmentClass: { case: 'environmentClassId' as const, value: CLASS_ID } }
const LENIENT = { ignoreUnknownFields: true }

export const presentProject = (project: ProjectRecord, tenant: Tenant): MessageInitShape<typeof ProjectSchema> =>
  defined({
    id: project.id,
    metadata: defined({
      organizationId: organizationOf(tenant),
      name: project.name,
      creator: subjectOf(project.creator),
      createdAt: timestamp(project.createdAt),
      updatedAt: timestamp(project.updatedAt),
    }),
    initializer: fromJson(EnvironmentInitializerSchema, project.initializer, LENIENT),
    environmentClass: CLASS,
    environmentClasses: [CLASS],
    devcontainerFilePath: project.devcontainerFilePath,
    automationsFilePath: project.automationsFilePath,
    prebuildConfiguration:
      project.prebuilds === undefined
        ? undefined
        : fromJson(ProjectPrebuildConfigurationSchema, project.prebuilds, LENIENT),
    desiredPhase: ProjectPhase.ACTIVE,
  })
