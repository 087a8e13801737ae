import { chromium } from "playwright-core";
import { expect, it } from "vitest";
import { chromiumArguments, chromiumPath, describeWithChromium } from "../../browser/chromium.js";
import { startServer } from "../serve.js";

describeWithChromium("the page at /", () => {
  it("shows the service and calls its function", { timeout: 60_000 }, async () => {
    const { url } = await startServer(["configs/test_service.ts"]);
    const chrome = await chromium.launch({ executablePath: chromiumPath ?? "", args: chromiumArguments });
    try {
      const page = await chrome.newPage();
      const trouble: string[] = [];
      page.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
      page.on("pageerror", (error) => trouble.push(error.message));
      page.on("requestfailed", (request) => trouble.push(`failed: ${request.url()}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith("data:")) trouble.push(request.url());
      });
      await page.goto(`${url}/`);
      await page.click("#operations-Service-predict .opblock-summary-control");
      await page.click(".try-out__btn");
      await page.fill("textarea.body-param__text", "[0, 1, 2, 3]");
      await page.click("button.execute");
      const answer = await page.textContent(".live-responses-table .response-col_description pre code");
      expect(JSON.parse(answer as string)[0]).toBeCloseTo(0.648093, 5);
      expect(await page.title()).toBe("test_service");
      expect(trouble).toEqual([]);
    } finally {
      await chrome.close();
    }
  });
});
