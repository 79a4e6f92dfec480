import { Button, Group, Modal, Paper, Stack, Text } from '@mantine/core'
import { IconArchive, IconArchiveOff, IconTag, IconTagOff } from '@tabler/icons-react'
import { useState } from 'react'
import type { ListedFlag } from '~/api/flag-list'
import { useMay } from '~/api/session'
import { archiving } from '~/flags/archiving'
import { countOf, type Deed, ManyDialog } from '~/flags/many'
import { archiveFlag, retagFlag } from '~/flags/save'
import { TagField } from '~/flags/tag-field'
import { GuardedButton } from '~/ui/guarded'
import type { Selection } from './selection'

/** What can be done to all selected flags; nothing while none is. */
export function BulkBar({ selection }: { selection: Selection }) {
  const leave = useMay('feature_flag_config_write')
  const [deed, setDeed] = useState<{ flags: ListedFlag[]; deed: Deed<ListedFlag> } | null>(null)
  const [tagging, setTagging] = useState<'add' | 'remove' | null>(null)
  const flags = [...selection.chosen.values()]
  const inUse = flags.filter(flag => flag.archived_at === null)
  const archived = flags.filter(flag => flag.archived_at !== null)
  return (
    <>
      {flags.length > 0 && (
        <Paper withBorder shadow="md" px="sm" py={6} className="flag-bulk" role="region" aria-label="Selected flags">
          <Group gap={6}>
            <Text size="sm" fw={600} mr={6} role="status">
              {countOf(flags)} selected
            </Text>
            <GuardedButton
              leave={leave}
              size="xs"
              variant="default"
              leftSection={<IconTag size={14} />}
              onClick={() => setTagging('add')}
            >
              Add tags
            </GuardedButton>
            <GuardedButton
              leave={leave}
              size="xs"
              variant="default"
              leftSection={<IconTagOff size={14} />}
              disabled={flags.every(flag => flag.tags.length === 0)}
              onClick={() => setTagging('remove')}
            >
              Remove tags
            </GuardedButton>
            {inUse.length > 0 && (
              <GuardedButton
                leave={leave}
                size="xs"
                variant="default"
                leftSection={<IconArchive size={14} />}
                onClick={() => setDeed({ flags: inUse, deed: archiving(inUse) })}
              >
                Archive
              </GuardedButton>
            )}
            {archived.length > 0 && (
              <GuardedButton
                leave={leave}
                size="xs"
                variant="default"
                leftSection={<IconArchiveOff size={14} />}
                onClick={() => setDeed({ flags: archived, deed: unarchiving(archived) })}
              >
                Take out of the archive
              </GuardedButton>
            )}
            <Button size="xs" variant="subtle" color="gray" onClick={() => selection.all([])}>
              Select none
            </Button>
          </Group>
        </Paper>
      )}
      {tagging && (
        <TagDialog
          flags={flags}
          kind={tagging}
          close={() => setTagging(null)}
          go={deed => {
            setTagging(null)
            setDeed({ flags, deed })
          }}
        />
      )}
      {deed && (
        <ManyDialog
          flags={deed.flags}
          deed={deed.deed}
          close={isDone => {
            setDeed(null)
            if (isDone) selection.all([])
          }}
        />
      )}
    </>
  )
}

function unarchiving(flags: ListedFlag[]): Deed<ListedFlag> {
  return {
    title: `Take ${countOf(flags)} out of the archive?`,
    verb: 'Take out',
    children:
      'Applications get what the flags serve again, in every environment where they were on when they were archived.',
    each: flag => archiveFlag(flag.id, false),
  }
}

function TagDialog({
  flags,
  kind,
  close,
  go,
}: {
  flags: ListedFlag[]
  kind: 'add' | 'remove'
  close: () => void
  go: (deed: Deed<ListedFlag>) => void
}) {
  const [tags, setTags] = useState<string[]>([])
  const present = [...new Set(flags.flatMap(flag => flag.tags))].sort()
  const [verb, preposition] = kind === 'add' ? ['Add', 'to'] : ['Remove', 'from']
  const named = tags.map(tag => `“${tag}”`).join(', ')
  return (
    <Modal
      opened
      onClose={close}
      title={
        <Text fw={600} span>
          {verb} tags {preposition} {countOf(flags)}
        </Text>
      }
    >
      <Stack gap="sm">
        <TagField
          value={tags}
          onChange={setTags}
          description="Tags are for people and filters. What applications get stays the same."
          {...(kind === 'remove' ? { data: present } : {})}
          data-autofocus
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            disabled={tags.length === 0}
            onClick={() =>
              go({
                title: `${verb} ${named} ${preposition} ${countOf(flags)}?`,
                verb: `${verb} ${tags.length === 1 ? 'the tag' : 'the tags'}`,
                children: 'Every flag is changed by itself and has an entry in its history.',
                each: flag => retagFlag(flag.id, kind === 'add' ? tags : [], kind === 'remove' ? tags : []),
              })
            }
          >
            Go on
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
