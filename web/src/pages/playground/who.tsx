import { ActionIcon, Box, Button, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import type { EvaluationContext } from '~/explain/answer'
import { type ContextDraft, contextName, contextOf, contextsText, draftOf, emptyAttribute } from '~/explain/contexts'
import { Section } from '~/ui/page'
import { AttributeRow } from './attribute-row'
import { Samples } from './samples'

/** How long somebody has to stop typing before the answers are asked for, in milliseconds. */
const PAUSE_MS = 350

/** For whom: one or several contexts, each as a form or as JSON, or picked from what applications sent. */
export function Who({
  contexts,
  environment,
  lead,
  onChange,
}: {
  contexts: EvaluationContext[]
  lead?: string
  /** Key of the environment whose attributes are proposed. */
  environment: string | undefined
  onChange: (contexts: EvaluationContext[]) => void
}) {
  const [drafts, setDrafts] = useDrafts(contexts, onChange)
  const [chosen, setChosen] = useState<string>()
  const draft = drafts.find(({ id }) => id === chosen) ?? drafts[0]
  if (draft === undefined) return null
  const set = (change: Partial<ContextDraft>) =>
    setDrafts(drafts.map(other => (other.id === draft.id ? { ...other, ...change } : other)))
  const add = (context: EvaluationContext, beside: boolean) => {
    const made = draftOf(context)
    setDrafts(beside ? [...drafts, made] : drafts.map(other => (other.id === draft.id ? made : other)))
    setChosen(made.id)
  }
  return (
    <Section title="For whom" lead={lead} actions={<Samples environment={environment} pick={add} />}>
      <Stack gap="sm">
        <Group gap={6} role="group" aria-label="Contexts">
          {drafts.map(other => (
            <Group key={other.id} gap={0} wrap="nowrap">
              <Button
                size="compact-sm"
                variant={other.id === draft.id ? 'light' : 'default'}
                aria-pressed={other.id === draft.id}
                onClick={() => setChosen(other.id)}
                maw={180}
              >
                {nameOf(other)}
              </Button>
              {drafts.length > 1 && (
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${nameOf(other)}`}
                  onClick={() => setDrafts(drafts.filter(({ id }) => id !== other.id))}
                >
                  <IconX size={12} />
                </ActionIcon>
              )}
            </Group>
          ))}
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} />}
            onClick={() => add({ targetingKey: `user-${drafts.length + 1}` }, true)}
          >
            {drafts.length === 1 ? 'Compare with another' : 'Another'}
          </Button>
        </Group>
        <Editor key={draft.id} draft={draft} set={set} environment={environment} />
      </Stack>
    </Section>
  )
}

function Editor({
  draft,
  set,
  environment,
}: {
  draft: ContextDraft
  set: (change: Partial<ContextDraft>) => void
  environment: string | undefined
}) {
  const read = contextOf(draft)
  const fault = 'fault' in read ? read.fault : null
  const toForm = () => {
    if ('context' in read) set({ ...draftOf(read.context), id: draft.id })
  }
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="How to give the context"
        value={draft.json === null ? 'form' : 'json'}
        data={[
          { value: 'form', label: 'Form', disabled: fault !== null },
          { value: 'json', label: 'JSON' },
        ]}
        onChange={how =>
          how === 'form' ? toForm() : set({ json: JSON.stringify('context' in read ? read.context : {}, null, 2) })
        }
      />
      {draft.json === null ? (
        <Stack gap={8}>
          <TextInput
            label="Targeting key"
            description="Who it is: shares of variants and rollouts go by it."
            placeholder="user-1"
            value={draft.targetingKey}
            onChange={event => set({ targetingKey: event.currentTarget.value })}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
          {draft.attributes.length > 0 && (
            <Text size="sm" fw={600} mt={4}>
              Attributes
            </Text>
          )}
          {draft.attributes.map(attribute => (
            <AttributeRow
              key={attribute.id}
              attribute={attribute}
              environment={environment}
              onChange={changed =>
                set({ attributes: draft.attributes.map(other => (other.id === changed.id ? changed : other)) })
              }
              remove={() => set({ attributes: draft.attributes.filter(({ id }) => id !== attribute.id) })}
            />
          ))}
          <Box>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => set({ attributes: [...draft.attributes, emptyAttribute()] })}
            >
              Attribute
            </Button>
          </Box>
        </Stack>
      ) : (
        <Textarea
          label="Context as JSON"
          autosize
          minRows={5}
          maxRows={18}
          spellCheck={false}
          value={draft.json}
          error={fault}
          onChange={event => set({ json: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      )}
    </>
  )
}

function nameOf(draft: ContextDraft): string {
  const read = contextOf(draft)
  return 'context' in read ? contextName(read.context) : draft.targetingKey || 'not readable'
}

/**
 * What is edited: told a moment after the last change, as long as all of it can be sent; made anew when the address
 * says something else than was told.
 */
function useDrafts(
  contexts: EvaluationContext[],
  onChange: (contexts: EvaluationContext[]) => void,
): [ContextDraft[], (drafts: ContextDraft[]) => void] {
  const [drafts, setDrafts] = useState(() => contexts.map(draftOf))
  const told = useRef(contextsText(contexts))
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const present = contextsText(contexts)
  useEffect(() => {
    if (present === told.current) return
    told.current = present
    setDrafts(contexts.map(draftOf))
  }, [present, contexts])
  useEffect(() => () => clearTimeout(timer.current), [])
  const change = (next: ContextDraft[]) => {
    setDrafts(next)
    clearTimeout(timer.current)
    const read = next.map(contextOf)
    const readable = read.flatMap(result => ('context' in result ? [result.context] : []))
    if (readable.length < read.length) return
    timer.current = setTimeout(() => {
      told.current = contextsText(readable)
      onChange(readable)
    }, PAUSE_MS)
  }
  return [drafts, change]
}
