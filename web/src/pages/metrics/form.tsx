import { Box, Button, Group, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { differing } from '~/access/meanwhile'
import { api } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import { useMay } from '~/api/session'
import { tell } from '~/ui/tell'
import { Advanced } from './advanced'
import {
  bodyOf,
  draftOf,
  emptySource,
  idFrom,
  kindsOf,
  type Metric,
  type MetricDraft,
  newDraft,
  readsNumbers,
  withKind,
  withSourceType,
} from './draft'
import { Harm, KindNumbers } from './harm'
import { PRESETS } from './presets'
import { SourceFields } from './source-fields'
import { KINDS, measureText, SOURCES } from './words'

/** Pointers whose faults stand at fields. */
const SHOWN = [
  '/id',
  '/name',
  '/description',
  '/kind',
  '/direction',
  '/margin/relative',
  '/window_ms',
  '/winsor_quantile',
  '/quantile',
  '/min_subjects',
  ...['operator', 'value', 'min_requests', 'failing_blocks', 'of_blocks'].map(name => `/threshold/${name}`),
  ...['/source', '/denominator'].flatMap(source =>
    ['event', 'name', 'value', 'query'].map(name => `${source}/${name}`),
  ),
]

/** Makes a metric, or changes one. `id` is what guardrails name already, of a new one. */
export function MetricForm(props: { metric: Metric | null; id?: string; close: () => void; below?: ReactNode }) {
  const sentOf = (metric: Metric) => bodyOf(draftOf(metric))
  return (
    <FromThen live={props.metric} changes={(before, now) => differing(sentOf(before), sentOf(now))}>
      {(metric, meanwhile) => <Form {...props} metric={metric} meanwhile={meanwhile} />}
    </FromThen>
  )
}

function Form({
  metric,
  meanwhile,
  id = '',
  close,
  below,
}: {
  metric: Metric | null
  meanwhile: Meanwhile
  id?: string
  close: () => void
  below?: ReactNode
}) {
  const cache = useQueryClient()
  const leave = useMay('feature_flag_config_write', 'feature_flag_environment_config_read')
  const [draft, setDraft] = useState<MetricDraft>(() => (metric ? draftOf(metric) : newDraft(id)))
  const [idIsOwn, setIdIsOwn] = useState(id !== '')
  const set = (change: Partial<MetricDraft>) => setDraft(draft => ({ ...draft, ...change }))
  const body = bodyOf(draft)
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      if (metric) await api.PUT('/api/v1/metrics/{metric_id}', { params: { path: { metric_id: metric.id } }, body })
      else await api.POST('/api/v1/metrics', { body })
    },
    onSuccess: () => {
      for (const area of ['metrics', 'history', 'rollouts']) void cache.invalidateQueries({ queryKey: [area] })
      close()
      tell(
        metric
          ? `${draft.name || metric.id} is changed, for runs that start from now on.`
          : `${draft.name || draft.id} is defined.`,
      )
    },
  })
  const isTaken = save.error instanceof ApiFailure && save.error.status === 409
  const isChanged = metric === null || JSON.stringify(body) !== JSON.stringify(bodyOf(draftOf(metric)))
  return (
    <FormDrawer
      title={metric ? metric.name : 'New metric'}
      close={close}
      size={680}
      verb={metric ? 'Save the changes' : 'Define the metric'}
      leave={leave}
      busy={save.isPending}
      // A metric is sent as a whole, so what others changed would be lost.
      ready={isChanged && draft.id.trim() !== '' && meanwhile.theirs.length === 0}
      notice={meanwhile.notice}
      error={isTaken ? null : save.error}
      shown={shownIn(save.error)}
      onSubmit={() => save.mutate()}
      below={below}
    >
      {metric === null && <Presets choose={make => setDraft(keepingId(make(), id))} />}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <TextInput
          label="Name"
          placeholder="Checkout errors"
          value={draft.name}
          onChange={event => {
            const name = event.currentTarget.value
            set(metric || idIsOwn ? { name } : { name, id: idFrom(name) })
          }}
          error={faultAt(save.error, '/name')}
          data-autofocus
        />
        <TextInput
          label="Id"
          description={metric ? undefined : 'Guardrails name it by this. It never changes.'}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          placeholder="checkout-errors"
          required
          readOnly={metric !== null}
          variant={metric ? 'filled' : 'default'}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          value={draft.id}
          onChange={event => {
            setIdIsOwn(true)
            set({ id: event.currentTarget.value })
          }}
          error={isTaken ? 'A metric of this project has this id. Choose another one.' : faultAt(save.error, '/id')}
        />
      </SimpleGrid>
      <Part title="What is measured" said={measureText(body)}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <Select
            label="From"
            data={SOURCES.map(({ type, name }) => ({ value: type, label: name }))}
            value={draft.source.type}
            onChange={type => setDraft(withSourceType(draft, type ?? 'events'))}
            description={SOURCES.find(({ type }) => type === draft.source.type)?.means}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            error={faultAt(save.error, '/source/type')}
          />
          <Select
            label="Compared is"
            data={kindsOf(draft.source.type).map(kind => ({ value: kind, label: KINDS[kind].name }))}
            value={draft.kind}
            onChange={kind => setDraft(withKind(draft, kind ?? 'binary'))}
            description={KINDS[draft.kind].means}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            error={faultAt(save.error, '/kind')}
          />
        </SimpleGrid>
        <SourceFields
          source={draft.source}
          pointer="/source"
          needsNumber={readsNumbers(draft.kind)}
          error={save.error}
          onChange={source => set({ source })}
        />
        <Denominator draft={draft} error={save.error} onChange={setDraft} />
        <KindNumbers draft={draft} error={save.error} set={set} />
      </Part>
      <Part title="What is harm">
        <Harm draft={draft} error={save.error} set={set} />
      </Part>
      <Advanced draft={draft} error={save.error} set={set} />
    </FormDrawer>
  )
}

/** Faults of a filter stand at it, whatever its property is called. */
function shownIn(error: unknown): string[] {
  const faults = error instanceof ApiFailure ? error.faults : []
  return [
    ...SHOWN,
    ...faults.map(({ pointer }) => pointer).filter(pointer => /^\/(source|denominator)\/filter/.test(pointer)),
  ]
}

const keepingId = (draft: MetricDraft, id: string) => (id === '' ? draft : { ...draft, id })

function Presets({ choose }: { choose: (make: () => MetricDraft) => void }) {
  return (
    <Group gap={6}>
      <Text size="sm" c="dimmed">
        Begin with
      </Text>
      {PRESETS.map(({ name, make }) => (
        <Button key={name} size="compact-sm" variant="default" onClick={() => choose(make)}>
          {name}
        </Button>
      ))}
    </Group>
  )
}

function Part({ title, said, children }: { title: string; said?: string; children: ReactNode }) {
  return (
    <Box
      component="fieldset"
      m={0}
      p="sm"
      style={{ border: '1px solid var(--line)', borderRadius: 'var(--mantine-radius-md)' }}
    >
      <Text component="legend" fw={600} px={4}>
        {title}
      </Text>
      <Stack gap="sm">
        {children}
        {said && (
          <Text size="sm" c="dimmed" role="status" style={{ overflowWrap: 'anywhere' }}>
            {said}.
          </Text>
        )}
      </Stack>
    </Box>
  )
}

/** What a ratio is divided by; of a fixed threshold only where a share is compared. */
function Denominator({
  draft,
  error,
  onChange,
}: {
  draft: MetricDraft
  error: unknown
  onChange: (draft: MetricDraft) => void
}) {
  const { denominator, kind, source } = draft
  const isPrometheus = source.type === 'prometheus'
  if (kind !== 'ratio' && kind !== 'threshold') return null
  return (
    <>
      {kind === 'threshold' && (
        <Switch
          label="Divided by another query"
          checked={denominator !== null}
          onChange={event =>
            onChange({ ...draft, denominator: event.currentTarget.checked ? emptySource('prometheus') : null })
          }
        />
      )}
      {denominator && (
        <Box pl="sm" style={{ borderInlineStart: '2px solid var(--line)' }}>
          <Stack gap="sm">
            <Text size="sm" fw={600}>
              Divided by
            </Text>
            {!isPrometheus && (
              <Select
                label="From"
                data={SOURCES.filter(({ type }) => type !== 'prometheus').map(({ type, name }) => ({
                  value: type,
                  label: name,
                }))}
                value={denominator.type}
                onChange={type => onChange({ ...draft, denominator: { ...denominator, type: type ?? 'events' } })}
                error={faultAt(error, '/denominator/type')}
              />
            )}
            <SourceFields
              source={denominator}
              pointer="/denominator"
              needsNumber={!isPrometheus}
              error={error}
              onChange={denominator => onChange({ ...draft, denominator })}
            />
          </Stack>
        </Box>
      )}
    </>
  )
}
