import { Alert, Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { ApiFailure, messageOf } from '~/api/failure'
import { type Environment, environmentsQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { ButtonLink, TextLink } from '~/ui/link'
import { Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { useCreateFlag } from './create-flag'
import { DeliverySection, DetailsSection, NameSection, VariantsSection } from './create-sections'
import { type Draft, faultsOf, renamed } from './draft'
import { OutlookPanel } from './outlook-panel'
import { TemplateChoice } from './template-choice'
import { draftFrom, templateOf } from './templates'
import './create.css'

/** Makes a flag, from what it is for to what it will do everywhere. */
export function NewFlagPage() {
  const environments = useQuery(environmentsQuery)
  return (
    <Page
      title="New flag"
      trail={[
        <TextLink key="flags" to="/flags">
          Flags
        </TextLink>,
        'New flag',
      ]}
    >
      <Loaded query={environments}>{environments => <NewFlag environments={environments} />}</Loaded>
    </Page>
  )
}

function NewFlag({ environments }: { environments: Environment[] }) {
  const { template: templateId } = useSearch({ from: '/inside/flags/new' })
  const navigate = useNavigate()
  const template = templateOf(templateId)
  const [draft, setDraft] = useState<Draft>(() => draftFrom(template, environments))
  const [isTried, setTried] = useState(false)
  const create = useCreateFlag(environments)
  const leave = useMay('feature_flag_config_write')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address decides, and only when it changes
  useEffect(() => setDraft(draft => draftFrom(template, environments, draft)), [template.id])

  const own = faultsOf(draft)
  const failure = create.error instanceof ApiFailure ? create.error : null
  const change = (draft: Draft) => {
    setDraft(draft)
    // What the server said was of another draft.
    if (create.error) create.reset()
  }
  const faultAt = (pointer: string) => {
    const fault = own.get(pointer)
    // An empty field is no mistake before somebody says that they are done.
    return (isTried || !fault?.startsWith('Give it') ? fault : undefined) ?? failure?.at(pointer)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (own.size === 0) create.mutate(draft)
    else requestAnimationFrame(() => document.querySelector<HTMLElement>('form [aria-invalid=true]')?.focus())
  }
  return (
    <form onSubmit={submit} noValidate>
      <TemplateChoice
        value={template.id}
        onChange={id => void navigate({ to: '/flags/new', search: { template: id }, replace: true })}
      />
      <div className="new-flag">
        <Stack gap={0}>
          <NameSection draft={draft} change={change} rename={name => change(renamed(draft, name))} faultAt={faultAt} />
          <VariantsSection
            draft={draft}
            change={change}
            faultAt={faultAt}
            mayRetype={template.id === 'blank' || template.id === 'configuration'}
          />
          <DeliverySection draft={draft} change={change} />
          <DetailsSection draft={draft} change={change} faultAt={faultAt} />
        </Stack>
        <div className="new-flag-side">
          <OutlookPanel draft={draft} environments={environments} change={change} />
          {create.error && <Refusal error={create.error} />}
          <Group justify="flex-end" gap="xs">
            <ButtonLink to="/flags" variant="default">
              Cancel
            </ButtonLink>
            <GuardedButton leave={leave} type="submit" loading={create.isPending}>
              Create the flag
            </GuardedButton>
          </Group>
        </div>
      </div>
    </form>
  )
}

/** What the server does not accept, and where, for what has no field of its own too. */
function Refusal({ error }: { error: unknown }) {
  return (
    <Alert color="red" role="alert" title="The flag was not created" style={{ whiteSpace: 'pre-line' }}>
      {messageOf(error)}
    </Alert>
  )
}
