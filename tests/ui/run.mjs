// The dashboard of a running Sekisho, driven as an analyst drives it.
//
// `SEKISHO_URL` is the address of a binary that serves the exercise capture under a policy;
// `SEKISHO_SHOTS` is a folder for screenshots. Run with `npm test`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { axe, launch, shot, watched } from './browser.mjs';

const ADDRESS = process.env.SEKISHO_URL?.replace(/\/+$/, '');
if (!ADDRESS) {
  console.error('SEKISHO_URL is not set: start `sekisho replay CAPTURE --policy DIR --serve` and give its address');
  process.exit(2);
}

const HOST = new URL(ADDRESS).host;
const TITLES = {
  ja: { overview: '概況', alerts: '警報', flows: 'フロー', hosts: '機器', hunt: '遡り検索', sensor: 'センサー' },
  en: { overview: 'Overview', alerts: 'Alerts', flows: 'Flows', hosts: 'Hosts', hunt: 'Look back', sensor: 'Sensor' },
};
const READY = {
  overview: 'table[role=grid] [data-at]',
  alerts: '[role=grid] [role=row][data-index]',
  flows: '[role=grid] [role=row][data-index]',
  hosts: '[role=grid] [role=row][data-index]',
  hunt: 'main textarea',
  sensor: 'main table tbody tr',
};

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const open = (page, hash) => page.goto(`${ADDRESS}/${hash}`);
const hash = (page) => page.evaluate(() => location.hash);
const focused = (page, attribute) => page.evaluate((name) => document.activeElement?.getAttribute(name), attribute);

/** Waits for the hash to begin as given, then for what the page shows when it is ready. */
async function arrived(page, beginning, selector) {
  await page.waitForFunction((text) => location.hash.startsWith(text), beginning);
  await page.waitForSelector(selector);
}

function assertClean(seen) {
  assert.deepEqual([...seen.hosts], [HOST], 'requests to another host');
  assert.deepEqual(seen.violations, [], 'content security policy');
  assert.deepEqual(seen.errors, [], 'console');
}

for (const [language, theme] of [
  ['ja', 'light'],
  ['en', 'dark'],
]) {
  describe(`in ${language}, ${theme}`, () => {
    for (const [name, title] of Object.entries(TITLES[language])) {
      test(`the ${name} page is drawn, named and accessible`, async () => {
        const { context, page, seen } = await watched(browser, { language, theme });

        await open(page, `#/${name}`);
        await page.waitForSelector(READY[name]);

        assert.equal(await page.locator('h1').textContent(), title);
        assert.ok((await page.title()).startsWith(title), await page.title());
        assert.equal(await page.getAttribute('html', 'lang'), language);
        assert.equal(await page.locator('nav [aria-current=page]').textContent(), title);
        assert.equal(await page.locator('main [role=alert]:not(:empty)').count(), 0);
        assertClean(seen);
        await shot(page, `${name}-${language}-${theme}`);
        assert.deepEqual(await axe(page), []);
        await context.close();
      });
    }

    test('nothing is cut off at the side on 1366 and 1920 pixels', async () => {
      for (const width of [1366, 1920]) {
        const { context, page } = await watched(browser, { language, theme, width });
        for (const name of Object.keys(TITLES[language])) {
          await open(page, `#/${name}`);
          await page.waitForSelector(READY[name]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide at ${width}`);
          if (width === 1920) await shot(page, `${name}-${language}-${theme}-1920`);
        }
        await context.close();
      }
    });

    test('a click on a denied cell leads to its alerts, one alert, one flow', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/overview');
      await page.waitForSelector(READY.overview);

      await page.locator('[data-verdict=denied]').first().click();
      await arrived(page, '#/alerts?', READY.alerts);
      const conditions = new URLSearchParams((await hash(page)).split('?')[1]);
      assert.ok(conditions.get('orig_zone') && conditions.get('resp_zone'), await hash(page));
      await shot(page, `denied-cell-${language}-${theme}`);

      await page.locator('[role=row][data-index="0"] a').first().click();
      await arrived(page, '#/alerts/', 'main h2');
      await page.waitForSelector('[role=grid] [role=row][data-index="0"]');
      assert.equal(await page.locator('main h1').count(), 1);
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'focus moves to the heading');
      assertClean(seen);
      await shot(page, `alert-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      const alert = (await hash(page)).split('?')[0];

      await page.locator('[role=row][data-index="0"] a').first().click();
      await arrived(page, '#/flows/', `main a[href^="${alert}"]`);
      assertClean(seen);
      await shot(page, `flow-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await context.close();
    });

    test('the keyboard alone reaches a denied cell and the flow behind it', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/overview');
      await page.waitForSelector('[data-verdict=denied]');
      const goal = await page.locator('[data-verdict=denied]').first().getAttribute('data-at');
      const [row, column] = goal.split(',').map(Number);

      await page.keyboard.press('Tab');
      assert.equal(await focused(page, 'class').then((name) => name?.split(' ')[0]), 'skip', 'the skip link comes first');
      let at = null;
      for (let tabs = 0; tabs < 80 && at === null; tabs += 1) {
        await page.keyboard.press('Tab');
        at = await focused(page, 'data-at');
      }
      assert.notEqual(at, null, 'Tab reaches the matrix');
      await page.keyboard.press('Home');
      for (let step = 0; step < row; step += 1) await page.keyboard.press('ArrowDown');
      for (let step = 0; step < column; step += 1) await page.keyboard.press('ArrowRight');
      assert.equal(await focused(page, 'data-at'), goal, 'arrow keys reach the cell');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', 'the focus is visible');

      await page.keyboard.press('Enter');
      await arrived(page, '#/alerts?', READY.alerts);
      await page.locator('[role=grid]').focus();
      await page.keyboard.press('Enter');
      await arrived(page, '#/alerts/', '[role=grid] [role=row][data-index="0"]');
      await page.locator('[role=grid]').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      await arrived(page, '#/flows/', 'main h2');
      assertClean(seen);
      await context.close();
    });

    test('a wrong filter expression is marked where it is wrong', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/flows');
      await page.waitForSelector(READY.flows);

      await page.locator('[role=combobox]').fill('resp.prot == 443');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert] mark');

      assert.match(await page.locator('[role=alert] mark').textContent(), /resp\.prot/);
      assert.deepEqual(seen.violations, []);
      await shot(page, `filter-error-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await context.close();
    });

    test('completion offers fields and the search narrows the table', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/flows');
      await page.waitForSelector(READY.flows);

      await page.locator('[role=combobox]').pressSequentially('verd');
      await page.waitForSelector('[role=option]');
      await shot(page, `completion-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Tab');
      assert.match(await page.locator('[role=combobox]').inputValue(), /^verdict /);
      await page.locator('[role=combobox]').pressSequentially('== denied');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => location.hash.includes('filter='));
      await page.waitForSelector('[role=row].denied');

      assert.equal(await page.locator('[role=row][data-index]:not(.denied)').count(), 0);
      assertClean(seen);
      await context.close();
    });

    test('hosts are narrowed by register, address and zone, and the address of the page keeps it', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/hosts');
      await page.waitForSelector(READY.hosts);
      const total = await page.getAttribute('[role=grid]', 'aria-rowcount');
      const cell = page.locator('[role=row][data-index="0"] [role=gridcell]');
      const address = (await cell.nth(2).innerText()).split('\n')[0].trim();

      await page.locator('main input[name=text]').fill(address);
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => location.hash.includes('key='));
      await page.waitForSelector('[role=grid][aria-rowcount="2"]');
      assert.notEqual(total, '2');
      await page.reload();
      await page.waitForSelector('[role=grid][aria-rowcount="2"]');
      assert.equal(await page.locator('main input[name=text]').inputValue(), address);

      await page.locator('main form select').selectOption('unknown');
      await page.waitForFunction(() => location.hash.includes('zone=unknown'));
      await page.waitForSelector('main [role=status] button');
      await page.locator('main [role=status] button').click();
      await page.waitForSelector(`[role=grid][aria-rowcount="${total}"]`);

      await page.locator('main form label', { has: page.locator('input[value=unknown]') }).click();
      await page.waitForFunction(() => location.hash.includes('standing=unknown'));
      await page.waitForSelector('main [aria-busy=false] [role=grid] .unknown');
      // The rows of before stay until the new ones are there.
      await page.waitForFunction(() => !document.querySelector('[role=gridcell] :is(.known, .retired)'));
      assertClean(seen);
      await context.close();
    });

    test('a host shows its evidence and leads to its flows, and a flow leads back', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/hosts?standing=unknown');
      await page.waitForSelector(READY.hosts);

      await page.locator('[role=grid]').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await arrived(page, '#/hosts/', 'main h2');
      const host = (await hash(page)).split('?')[0];
      await page.waitForSelector('[role=grid] [role=row][data-index="0"]');
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'focus moves to the heading');
      assert.match(await page.locator('main a').first().getAttribute('href'), /^#\/hosts\?.*standing=unknown/);
      assertClean(seen);
      await shot(page, `host-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);

      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels too wide`);
      await page.locator('main a[href^="#/flows?"]').first().click();
      await arrived(page, '#/flows?', READY.flows);
      assert.match(decodeURIComponent(await hash(page)), /filter=address[+ ]==/);
      await page.locator('[role=row][data-index="0"] a').first().click();
      await arrived(page, '#/flows/', `main a[href="${host}"]`);
      assertClean(seen);
      await context.close();
    });

    test('an inventory without hosts says how they get there', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await page.route('**/api/v1/hosts?*', (route) => route.fulfill({ json: { rows: [], next: null, total: 0 } }));
      await open(page, '#/hosts');

      await page.waitForSelector('main [role=status] code');
      const commands = await page.locator('main [role=status] code').allTextContents();
      assert.ok(commands.some((text) => text.startsWith('sekisho replay ') && text.includes('--out')), String(commands));
      assert.ok(commands.some((text) => text.startsWith('sekisho hosts import ')), String(commands));
      assertClean(seen);
      await shot(page, `hosts-empty-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await context.close();
    });

    test('an expression is counted by day, and what is wrong with it is marked', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, '#/hunt?by=expression');
      await page.locator('main [role=combobox]').fill('verdict == denied');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await page.waitForSelector('main meter');
      await page.locator('main a[href^="#/flows?"]').first().click();
      await arrived(page, '#/flows?', '[role=row].denied');
      assertClean(seen);

      await open(page, '#/hunt?by=expression&filter=');
      await page.locator('main [role=combobox]').fill('resp.prot == 443');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[role=alert] mark');
      assert.deepEqual(seen.violations, []);
      await context.close();
    });

    test('an exception is made from an alert, silences it, is listed, and ends', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      page.on('dialog', (dialog) => dialog.accept());
      await open(page, '#/alerts?rule=PATH-DENY');
      await page.waitForSelector(READY.alerts);
      const total = await page.getAttribute('[role=grid]', 'aria-rowcount');
      await page.locator('[role=row][data-index="0"] a').first().click();
      await arrived(page, '#/alerts/', 'main form, main details');
      const alert = (await hash(page)).split('?')[0];

      await page.locator('main details summary').last().click();
      await page.waitForSelector('main .foreseen p');
      const [reason, owner] = await page.locator('main .field input:not([type=date])').all();
      await reason.fill('known: nightly backup');
      await owner.fill('network team');
      await page.locator('main input[type=date]').fill('2099-12-31');
      await shot(page, `except-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await page.locator('main form button.primary').click();
      await page.waitForSelector('main a[href^="#/exceptions"]');

      await open(page, '#/alerts?rule=PATH-DENY');
      await page.waitForFunction(
        (before) => {
          const now = document.querySelector('[role=grid]')?.getAttribute('aria-rowcount');
          return now && Number(now) < Number(before);
        },
        total,
      );
      await open(page, '#/exceptions');
      await page.waitForSelector('main tbody tr');
      assert.match(await page.locator('main tbody tr').first().textContent(), /known: nightly backup.*network team/s);
      assert.ok(await page.locator(`main a[href^="${alert}"]`).count(), 'the alert that it was made from');
      assertClean(seen);
      await shot(page, `exceptions-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);

      await page.locator('main tbody tr').first().locator('button').click();
      await page.waitForFunction(() => !document.querySelector('main tbody tr button'));
      await open(page, '#/alerts?rule=PATH-DENY');
      await page.waitForSelector(`[role=grid][aria-rowcount="${total}"]`);
      assertClean(seen);
      await context.close();
    });

    test('a server that is gone is said so, and retry brings the page back', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await page.route('**/api/**', (route) => route.abort());
      await open(page, '#/alerts');
      await page.waitForSelector('main [role=alert] button');
      await shot(page, `unreachable-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);

      await page.unroute('**/api/**');
      await page.locator('main [role=alert] button').click();
      await page.waitForSelector(READY.alerts);
      assert.deepEqual(seen.violations, []);
      await context.close();
    });

    test('no match is an empty state, not an empty table', async () => {
      const { context, page, seen } = await watched(browser, { language, theme });
      await open(page, `#/flows?filter=${encodeURIComponent('orig.address == 203.0.113.254 and resp.port == 1')}`);

      await page.waitForSelector('main [role=status] strong');
      assertClean(seen);
      await shot(page, `empty-${language}-${theme}`);
      assert.deepEqual(await axe(page), []);
      await context.close();
    });
  });
}

// Last of all that count alerts: it raises some.
for (const [language, theme] of [
  ['ja', 'light'],
  ['en', 'dark'],
]) {
  test(`in ${language}, a list is held against the past: first by day, then as alerts that lead to their flows`, async () => {
    const { context, page, seen } = await watched(browser, { language, theme });
    await open(page, '#/flows');
    await page.waitForSelector(READY.flows);
    const flows = await page.evaluate(() => fetch('api/v1/flows?limit=1&filter=verdict%20==%20denied').then((answer) => answer.json()));
    const address = flows.rows[0].resp_address;

    await open(page, '#/hunt');
    await page.waitForSelector('main [role=status] strong');
    await page.locator('main textarea').fill(`${address}\nnever.example\nno indicator\n`);
    await page.locator('main input:not([type=file])').last().fill('advisory 1');
    await page.locator('main button.primary').click();
    await page.waitForSelector('main meter');
    assert.match(await page.locator('main details summary').first().textContent(), /1/, 'the bad line is counted');
    assert.equal(await page.locator('main tbody th .mono').first().textContent(), address);
    assertClean(seen);
    await shot(page, `hunt-preview-${language}-${theme}`);
    assert.deepEqual(await axe(page), []);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);

    await page.locator('main section header button.primary').click();
    await page.waitForSelector('main a[href*="lookback=true"]');
    await page.locator('main a[href*="lookback=true"]').click();
    await arrived(page, '#/alerts?', READY.alerts);
    await page.locator('[role=row][data-index="0"] a').first().click();
    await arrived(page, '#/alerts/', '[role=grid] [role=row][data-index="0"]');
    assert.match(await page.locator('main .lead').textContent(), new RegExp(address.replaceAll('.', '\\.')));
    assertClean(seen);
    await shot(page, `hunt-alert-${language}-${theme}`);
    assert.deepEqual(await axe(page), []);
    await context.close();
  });
}

test('language, theme and time zone can be switched and are kept', async () => {
  const { context, page, seen } = await watched(browser, { language: 'ja' });
  await open(page, '#/overview');
  await page.waitForSelector(READY.overview);

  await page.getByText('English', { exact: true }).click();
  await page.getByText('Dark', { exact: true }).click();
  await page.getByText('UTC', { exact: true }).click();
  await page.reload();
  await page.waitForSelector(READY.overview);

  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
  assert.equal(await page.locator('input[value=utc]').isChecked(), true);
  assert.match(await page.locator('h1').textContent(), /Overview/);
  assertClean(seen);
  await context.close();
});

test('a drag over the chart narrows the time range', async () => {
  const { context, page, seen } = await watched(browser, { language: 'en' });
  await open(page, '#/overview');
  const box = await page.locator('.u-over').boundingBox();
  const y = box.y + box.height / 2;

  await page.mouse.move(box.x + box.width * 0.1, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => /since=.*until=/.test(location.hash));

  assert.match(await page.locator('nav a').nth(2).getAttribute('href'), /since=/, 'the other pages keep the range');
  assertClean(seen);
  await context.close();
});

test('a page, an alert, a flow and a host that do not exist say so', async () => {
  const { context, page } = await watched(browser, { language: 'en' });
  for (const missing of ['#/nowhere', '#/alerts/9007199254740990', '#/flows/9007199254740990', '#/hosts/9007199254740990', '#/alerts/%3Cb%3E']) {
    await open(page, missing);
    await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Not found');
  }
  await context.close();
});
