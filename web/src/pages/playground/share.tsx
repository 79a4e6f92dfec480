import { Button, CopyButton, Group } from '@mantine/core'
import { IconCheck, IconCopy, IconLink } from '@tabler/icons-react'
import { curl, type Question } from '~/explain/ask'

/** The same for a colleague, or for a shell. */
export function Share({ questions }: { questions: Question[] }) {
  const command = () => questions.map(question => curl(question, window.location.origin)).join('\n\n')
  return (
    <Group gap="xs">
      <CopyAs text={() => window.location.href} icon={<IconLink size={16} />}>
        Copy link
      </CopyAs>
      <CopyAs text={command} icon={<IconCopy size={16} />}>
        Copy as curl
      </CopyAs>
    </Group>
  )
}

function CopyAs({ text, icon, children }: { text: () => string; icon: React.ReactNode; children: string }) {
  return (
    <CopyButton value={text()}>
      {({ copied, copy }) => (
        <Button variant="default" leftSection={copied ? <IconCheck size={16} /> : icon} onClick={copy}>
          {copied ? 'Copied' : children}
        </Button>
      )}
    </CopyButton>
  )
}
