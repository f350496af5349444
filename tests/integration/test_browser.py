# SPDX-License-Identifier: Apache-2.0
"""A real browser: fetch and WebSocket by Chromium, from a page that the host itself serves, over
plaintext and over TLS, where Chromium speaks HTTP/2."""
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from settings import PATIENCE


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--disable-sync", "--no-first-run",
                     "--ignore-certificate-errors", "--no-proxy-server",
                     f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_script_timeout(30 * PATIENCE)
    yield driver
    driver.quit()


@pytest.fixture(params=["plain", "tls"])
def page(request, browser, shared_host):
    """The browser on a page of the host; requests of its scripts have the same origin."""
    scheme = "https" if request.param == "tls" else "http"
    browser.get(f"{scheme}://localhost:{shared_host.port(request.param)}/echo")
    return browser


def script(page, body):
    """Runs the body of an async function; what it returns comes back."""
    result = page.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        f"(async () => {{ {body} }})().then(value => done([value, null]),"
        "error => done([null, String(error)]));")
    assert result[1] is None, result[1]
    return result[0]


def test_S05_page_is_shown(page):
    assert "Hello, World!" in page.page_source


def test_S05_fetch_of_the_rest_routes(page):
    assert script(page, """
        const body = JSON.stringify({name: 'from a browser', quantity: 3});
        const headers = {'content-type': 'application/json'};
        const made = await fetch('/v1/items', {method: 'POST', headers, body});
        const item = await (await fetch(made.headers.get('location'))).json();
        const gone = await fetch('/v1/items/' + item.id, {method: 'DELETE'});
        const missing = await fetch('/v1/items/' + item.id);
        return [made.status, item.name, item.quantity, gone.status, missing.status,
                (await missing.json()).code];
        """) == [201, "from a browser", 3, 204, 404, "NOT_FOUND"]


def test_S05_many_fetches_at_once(page):
    assert script(page, """
        const answers = await Promise.all([...Array(100).keys()].map(async i => {
            const answer = await fetch('/echo', {method: 'POST', body: 'n' + i});
            return await answer.text();
        }));
        return answers.every((text, i) => text === 'n' + i);
        """) is True


def test_S05_https_fetch_uses_http2(browser, shared_host):
    browser.get(f"https://localhost:{shared_host.port('tls')}/echo")
    assert script(browser, """
        const seen = new Promise(resolve => {
            new PerformanceObserver(list => resolve(list.getEntries()[0].nextHopProtocol))
                .observe({type: 'resource', buffered: true});
        });
        await (await fetch('/echo?again')).text();
        return await seen;
        """) == "h2"


def test_S06_websocket_of_the_browser(page):
    assert script(page, """
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/echo');
        socket.binaryType = 'arraybuffer';
        await new Promise((resolve, reject) => {
            socket.onopen = resolve;
            socket.onerror = () => reject('no connection');
        });
        const next = () => new Promise(resolve => { socket.onmessage = e => resolve(e.data); });
        const results = [socket.extensions.includes('permessage-deflate')];
        let waiting = next();
        socket.send('text ☺');
        results.push(await waiting);
        waiting = next();
        socket.send(new Uint8Array([0, 1, 255]));
        results.push(Array.from(new Uint8Array(await waiting)));
        waiting = next();
        socket.send('l'.repeat(60000));
        results.push((await waiting).length);
        const closed = new Promise(resolve => {
            socket.onclose = e => resolve([e.code, e.wasClean]);
        });
        socket.close(3001, 'enough');
        results.push(await closed);
        return results;
        """) == [True, "text ☺", [0, 1, 255], 60000, [3001, True]]


def test_S60_change_feed_in_the_browser(page):
    assert script(page, """
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/v1/items/watch');
        await new Promise(resolve => { socket.onopen = resolve; });
        const change = new Promise(resolve => { socket.onmessage = e => resolve(e.data); });
        await fetch('/v1/items', {method: 'POST', body: '{"name": "seen"}',
                                  headers: {'content-type': 'application/json'}});
        const seen = JSON.parse(await change);
        socket.close();
        return [seen.kind, seen.item.name];
        """) == ["created", "seen"]
