<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ja">
<context>
    <name></name>
    <message>
        <source>opening</source>
        <translation>読み込み</translation>
    </message>
    <message>
        <source>{name} is another video than {open}: choose the file that was open.</source>
        <translation>{name} は {open} とは別の動画です。開いていたファイルを選んでください。</translation>
    </message>
    <message>
        <source>model</source>
        <translation>モデル</translation>
    </message>
    <message>
        <source>examining</source>
        <translation>確認中</translation>
    </message>
    <message>
        <source>tracking</source>
        <translation>追跡</translation>
    </message>
    <message>
        <source>Tracking stopped after {done} of {frame_count} frames, because the video was closed: track again.</source>
        <translation>動画が閉じられたため、追跡は {frame_count} フレーム中 {done} フレームで止まりました。もう一度追跡してください。</translation>
    </message>
    <message>
        <source>grading</source>
        <translation>評価</translation>
    </message>
    <message>
        <source>film</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>preview</source>
        <translation>プレビュー</translation>
    </message>
    <message>
        <source>The clip of sperm {target} is {width} pixels wide but the model needs {size}: cut it with that size.</source>
        <translation>精子 {target} のクリップは幅 {width} ピクセルですが、モデルには {size} ピクセルが必要です。その大きさで切り出してください。</translation>
    </message>
    <message>
        <source>The clip of sperm {target} has {count} frames but the model needs {expected}: cut it with that many frames.</source>
        <translation>精子 {target} のクリップは {count} フレームですが、モデルには {expected} フレームが必要です。その枚数で切り出してください。</translation>
    </message>
    <message>
        <source>The {device} did not have enough memory, so the grade was computed on the CPU.</source>
        <translation>{device} のメモリーが足りないため、評価は CPU で計算しました。</translation>
    </message>
    <message>
        <source>The {device} stopped answering, so the grade was computed on the CPU.</source>
        <translation>{device} が応答しなくなったため、評価は CPU で計算しました。</translation>
    </message>
    <message>
        <source>The model {file_name} computes values that are not finite (in {precision}): choose another model, or the CPU.</source>
        <translation>モデル {file_name} の計算結果が有限の値になりません({precision})。別のモデルか CPU を選んでください。</translation>
    </message>
    <message>
        <source>No NVIDIA GPU can be used here: choose the CPU, or run `rostfine doctor` to see why.</source>
        <translation>この環境で使える NVIDIA GPU がありません。CPU を選ぶか、`rostfine doctor` を実行して原因を確認してください。</translation>
    </message>
    <message>
        <source>This is an AI quality grade (A best to E worst, as a panel of experts would vote), not a WHO motility grade (a-d).</source>
        <translation>これは AI による品質評価(専門家の投票を予測したもの、A が最良、E が最低)であり、WHO の運動性グレード(a-d)ではありません。</translation>
    </message>
    <message>
        <source>Demonstration model, trained on simulated sperm: not for clinical use.</source>
        <translation>シミュレーションの精子で学習したデモ用モデルです。臨床には使用できません。</translation>
    </message>
    <message>
        <source>The program does not know whether this model was validated for clinical use.</source>
        <translation>このモデルが臨床使用のために検証されたかどうかは、本プログラムには分かりません。</translation>
    </message>
    <message>
        <source>Attention shows where the network looked; it is not the cause of the grade.</source>
        <translation>注意マップはネットワークが見た場所を示すもので、評価の原因ではありません。</translation>
    </message>
    <message>
        <source>The grade also rests on how the head moved, which no map shows.</source>
        <translation>グレードは頭部の動きにも基づいていますが、その動きはどのマップにも表示されません。</translation>
    </message>
    <message>
        <source>best</source>
        <translation>最良</translation>
    </message>
    <message>
        <source>good</source>
        <translation>良い</translation>
    </message>
    <message>
        <source>neither</source>
        <translation>中間</translation>
    </message>
    <message>
        <source>bad</source>
        <translation>悪い</translation>
    </message>
    <message>
        <source>worst</source>
        <translation>最低</translation>
    </message>
    <message>
        <source>View spread</source>
        <translation>視点間のばらつき</translation>
    </message>
    <message>
        <source>track rejected by the operator</source>
        <translation>担当者が追跡を却下しました</translation>
    </message>
    <message>
        <source>not graded</source>
        <translation>未評価</translation>
    </message>
    <message>
        <source>{folder} is a file: give a folder for the results.</source>
        <translation>{folder} はファイルです。結果を保存するフォルダーを指定してください。</translation>
    </message>
    <message>
        <source>Results in {folder} were being written when the program ended, and cannot be put in order ({reason}): their files lie in {leaving} or {arriving} there.</source>
        <translation>{folder} への結果の書き込み中にプログラムが終了し、元に戻せません({reason})。ファイルはその中の {leaving} または {arriving} にあります。</translation>
    </message>
    <message>
        <source>{folder} was deleted or moved while results were written into it: write them again.</source>
        <translation>{folder} は、結果の書き込み中に削除または移動されました。もう一度書き込んでください。</translation>
    </message>
    <message>
        <source>Cannot write into {folder} ({reason}): choose another folder.</source>
        <translation>{folder} に書き込めません({reason})。別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>Another program is writing results into {folder}: wait until it is done, or choose another folder.</source>
        <translation>別のプログラムが {folder} に結果を書き込んでいます。終わるまで待つか、別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>Cannot write the results into {folder} ({reason}): free some space or choose another folder.</source>
        <translation>{folder} に結果を書き込めません({reason})。空き容量を増やすか、別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>{folder} already holds a report, which is not overwritten: choose another folder or add --overwrite.</source>
        <translation>{folder} にはすでにレポートがあり、上書きされません。別のフォルダーを選ぶか、--overwrite を付けてください。</translation>
    </message>
    <message>
        <source>{folder} holds a signed report, which is never replaced: choose another folder.</source>
        <translation>{folder} には署名済みのレポートがあり、置き換えられません。別のフォルダを選んでください。</translation>
    </message>
    <message>
        <source>writing</source>
        <translation>書き込み</translation>
    </message>
    <message>
        <source>Track lost</source>
        <translation>追跡が失われました</translation>
    </message>
    <message>
        <source>Track uncertain</source>
        <translation>追跡が不確かです</translation>
    </message>
    <message>
        <source>Track doubtful</source>
        <translation>追跡に疑い</translation>
    </message>
    <message>
        <source>Left the picture</source>
        <translation>画面外へ</translation>
    </message>
    <message>
        <source>Track jumps</source>
        <translation>追跡の飛び</translation>
    </message>
    <message>
        <source>Model of few samples</source>
        <translation>少数検体のモデル</translation>
    </message>
    <message>
        <source>Training samples unknown</source>
        <translation>学習検体数が不明</translation>
    </message>
    <message>
        <source>Track may have strayed</source>
        <translation>追跡が外れた可能性</translation>
    </message>
    <message>
        <source>Same sperm twice</source>
        <translation>同じ精子の重複</translation>
    </message>
    <message>
        <source>Few frames</source>
        <translation>フレーム不足</translation>
    </message>
    <message>
        <source>Crop over the border</source>
        <translation>切り出しが画像の端を越えています</translation>
    </message>
    <message>
        <source>Too dark</source>
        <translation>暗すぎます</translation>
    </message>
    <message>
        <source>Too bright</source>
        <translation>明るすぎます</translation>
    </message>
    <message>
        <source>Light changes</source>
        <translation>明るさの変化</translation>
    </message>
    <message>
        <source>Picture moves</source>
        <translation>視野の動き</translation>
    </message>
    <message>
        <source>Interlaced video</source>
        <translation>インターレース動画</translation>
    </message>
    <message>
        <source>No head under the click</source>
        <translation>クリック位置に頭部がありません</translation>
    </message>
    <message>
        <source>click</source>
        <translation>クリック</translation>
    </message>
    <message>
        <source>Maybe no sperm</source>
        <translation>精子ではない可能性</translation>
    </message>
    <message>
        <source>Placed by hand</source>
        <translation>手動で配置</translation>
    </message>
    <message>
        <source>track</source>
        <translation>追跡</translation>
    </message>
    <message>
        <source>motion of the picture</source>
        <translation>画面全体の動き</translation>
    </message>
    <message>
        <source>interlacing</source>
        <translation>インターレース</translation>
    </message>
    <message>
        <source>same sperm twice</source>
        <translation>同じ精子の重複</translation>
    </message>
    <message>
        <source>crop over the border</source>
        <translation>画像端での切り出し</translation>
    </message>
    <message>
        <source>light</source>
        <translation>明るさ</translation>
    </message>
    <message>
        <source>Head not found</source>
        <translation>頭部が見つかりません</translation>
    </message>
    <message>
        <source>focus</source>
        <translation>ピント</translation>
    </message>
    <message>
        <source>Out of focus</source>
        <translation>ピントが合っていません</translation>
    </message>
    <message>
        <source>Noisy</source>
        <translation>雑音が多い</translation>
    </message>
    <message>
        <source>likeness to the training</source>
        <translation>学習時との類似</translation>
    </message>
    <message>
        <source>Head off the middle</source>
        <translation>頭部が中央から外れています</translation>
    </message>
    <message>
        <source>Low contrast</source>
        <translation>コントラスト不足</translation>
    </message>
    <message>
        <source>Clip too short</source>
        <translation>時間が短い</translation>
    </message>
    <message>
        <source>Unlike the training</source>
        <translation>学習時と違う</translation>
    </message>
    <message>
        <source>Training clips unknown</source>
        <translation>学習時の切り抜きが不明</translation>
    </message>
    <message>
        <source>Sperm too small</source>
        <translation>精子が小さすぎます</translation>
    </message>
    <message>
        <source>head size</source>
        <translation>頭部の大きさ</translation>
    </message>
    <message>
        <source>Sperm too large</source>
        <translation>精子が大きすぎます</translation>
    </message>
    <message>
        <source>Training frame rate unknown</source>
        <translation>学習時のフレームレートが不明です</translation>
    </message>
    <message>
        <source>frame rate</source>
        <translation>フレームレート</translation>
    </message>
    <message>
        <source>Frame rate unlike the training</source>
        <translation>フレームレートが学習時と異なります</translation>
    </message>
    <message>
        <source>Scale unknown</source>
        <translation>縮尺が不明です</translation>
    </message>
    <message>
        <source>scale</source>
        <translation>縮尺</translation>
    </message>
    <message>
        <source>Scale doubtful</source>
        <translation>縮尺が疑わしい</translation>
    </message>
    <message>
        <source>Scale unlike the training</source>
        <translation>縮尺が学習時と異なります</translation>
    </message>
    <message>
        <source>training samples</source>
        <translation>学習の検体数</translation>
    </message>
    <message>
        <source>Note on the video</source>
        <translation>動画についての注意</translation>
    </message>
    <message>
        <source>Note on the processor</source>
        <translation>演算装置についての注意</translation>
    </message>
    <message>
        <source>checksum</source>
        <translation>チェックサム</translation>
    </message>
    <message>
        <source>The frame rate was set to {fps:.4g} per second; the file says {filed:.4g}.</source>
        <translation>フレームレートは毎秒 {fps:.4g} に設定されています。ファイルの値は {filed:.4g} です。</translation>
    </message>
    <message>
        <source>The sperm was lost in {lost} of {total} frames, first in frame {first}: check the track.</source>
        <translation>精子が {total} フレーム中 {lost} フレームで見失われました(最初はフレーム {first})。追跡を確認してください。</translation>
    </message>
    <message>
        <source>The sperm left the picture: from frame {frame} on the middle of its head lies beyond the border. Only what was seen before counts.</source>
        <translation>精子は画面の外に出ました。フレーム {frame} からは頭部の中心が画面の端より外にあります。それ以前に見えた部分だけを使います。</translation>
    </message>
    <message>
        <source>The correction in frame {frame} is far from where the track was: before it something else may have been followed, so correct the first frame in which the track is wrong.</source>
        <translation>フレーム {frame} の修正は追跡の位置から離れています。それより前は別のものを追っていた可能性があるため、追跡が誤っている最初のフレームで修正してください。</translation>
    </message>
    <message>
        <source>The position is uncertain in {doubtful} of {seen} different frames: check the track and correct it where it left the sperm.</source>
        <translation>異なる {seen} フレーム中 {doubtful} フレームで位置が不確かです。追跡を確認し、精子から外れた所を修正してください。</translation>
    </message>
    <message>
        <source>The sperm was placed by hand in frame {frame}: crops and track follow that place, not the measured middle of a head.</source>
        <translation>フレーム {frame} で精子の位置が手動で指定されました。切り出しと追跡は、計測した頭部の中心ではなくその位置に従います。</translation>
    </message>
    <message>
        <source>What was clicked in frame {frame} is round ({length:.0f} by {width:.0f} px), as debris and round cells are and hardly a sperm&apos;s head: check that it is a sperm.</source>
        <translation>フレーム {frame} でクリックされたものは円形 ({length:.0f} × {width:.0f} px) です。異物や円形細胞の形で、精子の頭部ではまれです。精子であることを確認してください。</translation>
    </message>
    <message>
        <source>Only {distinct} different frames show the sperm, so the clip of {total} repeats some.</source>
        <translation>精子が写っている異なるフレームは {distinct} 枚だけなので、{total} 枚のクリップでは一部を繰り返しています。</translation>
    </message>
    <message>
        <source>In {faint} of {total} frames what is followed stands out less than half as much as in the first: the track may have left the sperm, check it.</source>
        <translation>{total} フレーム中 {faint} フレームで、追跡対象のコントラストが最初の半分未満です。追跡が精子から外れた可能性があります。確認してください。</translation>
    </message>
    <message>
        <source>In {padded} of {total} frames the crop reaches over the picture&apos;s border (up to {share:.0%} of it was filled by repeating the border).</source>
        <translation>{total} フレーム中 {padded} フレームで切り出し範囲が画像の端を越えています(最大 {share:.0%} を端の画素の繰り返しで埋めました)。</translation>
    </message>
    <message>
        <source>No head can be measured in {missing} of {total} frames: the sperm may be out of focus or at a border, or the track may have left it.</source>
        <translation>{total} フレーム中 {missing} フレームで頭部を測定できません。ピントが合っていないか、端にかかっているか、追跡が精子から外れた可能性があります。</translation>
    </message>
    <message>
        <source>The picture is too dark (median {level:.0f} of 255).</source>
        <translation>画像が暗すぎます(中央値 {level:.0f}/255)。</translation>
    </message>
    <message>
        <source>The picture is too bright (median {level:.0f} of 255).</source>
        <translation>画像が明るすぎます(中央値 {level:.0f}/255)。</translation>
    </message>
    <message>
        <source>{share:.0%} of the picture is overexposed.</source>
        <translation>画像の {share:.0%} が露出オーバーです。</translation>
    </message>
    <message>
        <source>The light changes by {change:.0%} over the clip (background {darkest:.0f} to {brightest:.0f} of 255), so the grade is less certain: keep lamp and exposure constant.</source>
        <translation>クリップの間に明るさが {change:.0%} 変わり（背景は 255 段階の {darkest:.0f} から {brightest:.0f}）、評価の確かさが下がります。照明と露出を一定に保ってください。</translation>
    </message>
    <message>
        <source>The light changes by {change:.0%} over the clip (background {darkest:.0f} to {brightest:.0f} of 255); it was evened out before grading, but the grade is less certain.</source>
        <translation>クリップの間に明るさが {change:.0%} 変わります（背景は 255 段階の {darkest:.0f} から {brightest:.0f}）。評価の前に補正しましたが、評価の確かさは下がります。</translation>
    </message>
    <message>
        <source>The light changes by {change:.0%} over the clip (background {darkest:.0f} to {brightest:.0f} of 255), which can change the grade: keep lamp and exposure constant.</source>
        <translation>クリップの間に明るさが {change:.0%} 変わり（背景は 255 段階の {darkest:.0f} から {brightest:.0f}）、評価が変わるおそれがあります。照明と露出を一定に保ってください。</translation>
    </message>
    <message>
        <source>From frame {frame} on the track may follow another sperm that came close: check it from there and click the sperm again where the track left it.</source>
        <translation>フレーム {frame} 以降、近づいた別の精子を追跡している可能性があります。そこから確認し、追跡が外れた位置で精子をもう一度クリックしてください。</translation>
    </message>
    <message>
        <source>What was found again in frame {frame}, after the sperm was lost, may be another one: check it and click the sperm again if so.</source>
        <translation>精子を見失った後、フレーム {frame} で再び見つかったものは別の精子かもしれません。確認し、違う場合は精子をもう一度クリックしてください。</translation>
    </message>
    <message>
        <source>From frame {frame} on two tracks are on one head: one of them has lost its sperm, so check both from there.</source>
        <translation>フレーム {frame} 以降、2 つの追跡が同じ頭部に重なっています。一方は精子を見失っているため、そこから両方を確認してください。</translation>
    </message>
    <message>
        <source>Another head lies where this one was clicked in frame {frame}: check which of them is followed, and click it again where they are apart.</source>
        <translation>フレーム {frame} でクリックした位置には別の頭部も重なっています。どちらを追跡しているか確認し、離れているフレームで精子をもう一度クリックしてください。</translation>
    </message>
    <message>
        <source>From frame {frame} to {last} the track may follow another sperm that came close: check it there and click the sperm again where the track left it.</source>
        <translation>フレーム {frame} から {last} まで、近づいた別の精子を追跡している可能性があります。その間を確認し、追跡が外れた位置で精子をもう一度クリックしてください。</translation>
    </message>
    <message>
        <source>From frame {frame} to {last} two tracks are on one head: one of them has lost its sperm, so check both there.</source>
        <translation>フレーム {frame} から {last} まで、2 つの追跡が同じ頭部に重なっています。一方は精子を見失っているため、その間の両方を確認してください。</translation>
    </message>
    <message>
        <source>Another head lies where this one was clicked in frame {frame}, and may be the one that is followed up to frame {last}: check it there.</source>
        <translation>フレーム {frame} でクリックした位置には別の頭部も重なっており、フレーム {last} まではそちらを追跡している可能性があります。そこを確認してください。</translation>
    </message>
    <message>
        <source>Nothing stands out where the sperm was clicked in frame {frame}: the click may have missed it, and what was followed may be something else.</source>
        <translation>フレーム {frame} でクリックした位置に目立つものがありません。クリックが精子から外れ、別のものを追跡した可能性があります。</translation>
    </message>
    <message>
        <source>The head&apos;s edge is {edge:.1f} px wide on a head of {length:.0f} px: the sperm is out of focus.</source>
        <translation>長さ {length:.0f} px の頭部に対して輪郭の幅が {edge:.1f} px あります。精子にピントが合っていません。</translation>
    </message>
    <message>
        <source>The head is about {length:.0f} px long, while the model expects {shortest:.0f} to {longest:.0f} px: use a higher magnification.</source>
        <translation>頭部の長さは約 {length:.0f} px ですが、モデルの想定は {shortest:.0f}~{longest:.0f} px です。倍率を上げてください。</translation>
    </message>
    <message>
        <source>The head is longer than the crop of {crop:.0f} px, while the model expects {shortest:.0f} to {longest:.0f} px: use a lower magnification.</source>
        <translation>頭部は {crop:.0f} px の切り出しより長く、モデルの想定は {shortest:.0f} ～ {longest:.0f} px です。倍率を下げてください。</translation>
    </message>
    <message>
        <source>The head is about {length:.0f} px long, while the model expects {shortest:.0f} to {longest:.0f} px: use a lower magnification.</source>
        <translation>頭部の長さは約 {length:.0f} px ですが、モデルの想定は {shortest:.0f}~{longest:.0f} px です。倍率を下げてください。</translation>
    </message>
    <message>
        <source>The model does not say what its training clips look like: focus and head size were checked by rules of thumb, noise, contrast and the rest not at all.</source>
        <translation>モデルが学習時の切り抜きの見え方を示していません。ピントと頭部の大きさは経験則で調べ、雑音、コントラストなどは調べていません。</translation>
    </message>
    <message>
        <source>At {scale:.4g} um/px the head would be {length:.3g} um long, while human heads are 4 to 5.5 um: check the scale.</source>
        <translation>{scale:.4g} µm/px では頭部の長さが {length:.3g} µm になりますが、ヒトの頭部は 4～5.5 µm です。縮尺を確認してください。</translation>
    </message>
    <message>
        <source>The model does not say which frame rate it was trained on.</source>
        <translation>モデルには学習時のフレームレートが記録されていません。</translation>
    </message>
    <message>
        <source>The video has about {fps:.4g} different frames per second (stored as {stored:.4g} by repeating some), the training videos had {trained:.4g}.</source>
        <translation>動画の実質的なフレームレートは毎秒約 {fps:.4g}(一部を繰り返して {stored:.4g} として保存)ですが、学習用の動画は {trained:.4g} でした。</translation>
    </message>
    <message>
        <source>The video has {fps:.4g} frames per second, the training videos had {trained:.4g}.</source>
        <translation>動画のフレームレートは毎秒 {fps:.4g} ですが、学習用の動画は {trained:.4g} でした。</translation>
    </message>
    <message>
        <source>No um/px is set, and the head is {length:.0f} px long, most of the training&apos;s {low:.0f} to {high:.0f} px: the magnification may be another, which changes the grade. Set the scale.</source>
        <translation>um/px が設定されておらず、頭部の長さは {length:.0f} px です（学習時の多くは {low:.0f}～{high:.0f} px）。倍率が違うと評価が変わります。縮尺を設定してください。</translation>
    </message>
    <message>
        <source>No um/px is set, so speeds are in px/s and the clip could not be resampled to the scale of the training; the file states {filed:.4g} um/px: set that if it is right.</source>
        <translation>um/px が設定されていないため、速度は px/s で、切り抜きを学習時の縮尺に合わせられませんでした。ファイルには {filed:.4g} um/px と書かれています。正しければ設定してください。</translation>
    </message>
    <message>
        <source>No um/px is set, so speeds are in px/s and the clip could not be resampled to the scale of the training: set it.</source>
        <translation>um/px が設定されていないため、速度は px/s で、切り抜きを学習時の縮尺に合わせられませんでした。設定してください。</translation>
    </message>
    <message>
        <source>The model does not say which magnification it was trained on.</source>
        <translation>モデルには学習時の倍率が記録されていません。</translation>
    </message>
    <message>
        <source>The video has {scale:.3g} um/px, the training videos had {trained:.3g} um/px.</source>
        <translation>動画は {scale:.3g} µm/px ですが、学習用の動画は {trained:.3g} µm/px でした。</translation>
    </message>
    <message>
        <source>The video has {scale:.3g} um/px, the training videos had {trained:.3g} um/px: the clip was enlarged, but shows no more than the video does. Use a higher magnification.</source>
        <translation>動画は {scale:.3g} um/px、学習時の動画は {trained:.3g} um/px です。切り抜きは拡大されましたが、動画にないものは見えません。より高い倍率を使ってください。</translation>
    </message>
    <message>
        <source>The scale was set to {scale:.4g} um/px, the file states {filed:.4g}: check it.</source>
        <translation>縮尺は {scale:.4g} um/px に設定されましたが、ファイルには {filed:.4g} と記されています。確認してください。</translation>
    </message>
    <message>
        <source>The model&apos;s last training saw only {samples} sample(s): its grades say little.</source>
        <translation>このモデルが最後の学習で見た検体は {samples} 件だけです。その評価はほとんど参考になりません。</translation>
    </message>
    <message>
        <source>The model does not say how many samples it was trained on.</source>
        <translation>モデルには学習に使った検体数が記されていません。</translation>
    </message>
    <message>
        <source>The last training of a model of this ensemble saw only {samples} sample(s): its grades say little.</source>
        <translation>このアンサンブルには、最後の学習で見た検体が {samples} 件だけのモデルがあります。その評価はほとんど参考になりません。</translation>
    </message>
    <message>
        <source>{reason} (counted from the correction in frame {frame} on)</source>
        <translation>{reason}(フレーム {frame} の修正以降で数えています)</translation>
    </message>
    <message>
        <source>no um/px is set, so there is no speed in um/s</source>
        <translation>µm/px が設定されていないため、µm/s の速度がありません</translation>
    </message>
    <message>
        <source>rapidly progressive</source>
        <translation>速い前進運動</translation>
    </message>
    <message>
        <source>slowly progressive</source>
        <translation>遅い前進運動</translation>
    </message>
    <message>
        <source>non-progressive or immotile</source>
        <translation>非前進運動または不動</translation>
    </message>
    <message>
        <source>at {fps:.4g} pictures per second the window of {window:.0f} ms holds a single one, so VAP equals VCL</source>
        <translation>毎秒 {fps:.4g} 枚では {window:.0f} ms の窓に 1 枚しか入らないため、VAP は VCL と等しくなります</translation>
    </message>
    <message>
        <source>its steps are as short as an error of the track of {error:.2g} px makes them</source>
        <translation>動きの一歩は、追跡の誤差（{error:.2g} px）で説明できるほど短いものです</translation>
    </message>
    <message>
        <source>the camera took {fps:.4g} pictures per second and at least 50 are needed</source>
        <translation>カメラの撮影は毎秒 {fps:.4g} 枚ですが、少なくとも 50 枚が必要です</translation>
    </message>
    <message>
        <source>it strays from its average path no further than an error of the track of {error:.2g} px explains</source>
        <translation>平均経路からのずれは、追跡の誤差（{error:.2g} px）で説明できる範囲です</translation>
    </message>
    <message>
        <source>the sperm did not move</source>
        <translation>精子が動きませんでした</translation>
    </message>
    <message>
        <source>only {count} of at least {needed} needed positions were measured</source>
        <translation>少なくとも {needed} か所の位置が必要ですが、計測できたのは {count} か所です</translation>
    </message>
    <message>
        <source>the track lasts {span:.2f} s and at least one second is needed</source>
        <translation>追跡は {span:.2f} 秒間ですが、少なくとも 1 秒が必要です</translation>
    </message>
    <message>
        <source>only {count} of {pictures} pictures between its ends show the sperm</source>
        <translation>両端の間の画像 {pictures} 枚のうち、精子が写っているのは {count} 枚だけです</translation>
    </message>
    <message>
        <source>This video is simulated: it shows no real sperm.</source>
        <translation>この動画はシミュレーションです。実際の精子は写っていません。</translation>
    </message>
    <message>
        <source>Nothing in {path} can be decoded: export it again.</source>
        <translation>{path} からは何もデコードできません。もう一度書き出してください。</translation>
    </message>
    <message>
        <source>{path} changes its picture size at frame {number} from {old_width}x{old_height} to {width}x{height}: cut it there or convert it to one size.</source>
        <translation>{path} はフレーム {number} で画像サイズが {old_width}x{old_height} から {width}x{height} に変わります。そこで分割するか、一つのサイズに変換してください。</translation>
    </message>
    <message>
        <source>{count} frame(s) between the others are missing: dropped by the recorder or lost by damage; their time is counted.</source>
        <translation>途中の {count} フレームがありません(録画装置が取りこぼしたか、破損により失われたもの)。その時間は経過時間に含めます。</translation>
    </message>
    <message>
        <source>Values of {depth} bits are divided by {divisor}.</source>
        <translation>{depth} ビットの値を {divisor} で割っています。</translation>
    </message>
    <message>
        <source>decoding</source>
        <translation>デコード</translation>
    </message>
    <message>
        <source>{path} is not a video that can be read, or was cut off before its index was written: choose an AVI, MP4, MOV or MKV file, a TIFF stack or a folder of numbered pictures, or export it again.</source>
        <translation>{path} は読み込める動画ではないか、索引が書かれる前に途切れています。AVI、MP4、MOV、MKV ファイル、TIFF スタック、または連番画像のフォルダーを選ぶか、もう一度書き出してください。</translation>
    </message>
    <message>
        <source>{path} holds no moving pictures, only sound or data: choose a video.</source>
        <translation>{path} には映像がなく、音声かデータだけです。動画を選んでください。</translation>
    </message>
    <message>
        <source>{path} uses a codec that cannot be decoded here: convert it to MP4 (H.264).</source>
        <translation>{path} の符号化方式はここではデコードできません。MP4 (H.264) に変換してください。</translation>
    </message>
    <message>
        <source>{path} holds no pictures (zero frames): record or export it again.</source>
        <translation>{path} には画像がありません(0 フレーム)。もう一度録画するか書き出してください。</translation>
    </message>
    <message>
        <source>{path} marks all its pictures as not to be shown: export it again.</source>
        <translation>{path} の画像は一枚も表示されません。もう一度書き出してください。</translation>
    </message>
    <message>
        <source>The file is cut off or damaged: {count} of {promised} frames can be read.</source>
        <translation>ファイルが途中で切れているか破損しています。{promised} フレーム中 {count} フレームを読み込めます。</translation>
    </message>
    <message>
        <source>The file is cut off or damaged: {count} frames can be read.</source>
        <translation>ファイルが途中で切れているか破損しています。{count} フレームを読み込めます。</translation>
    </message>
    <message>
        <source>The file holds no usable frame times: they are counted at {fps:g} frames per second, the rate in its header.</source>
        <translation>ファイルに使用できるフレーム時刻がないため、ヘッダーの値である毎秒 {fps:g} フレームとして計算します。</translation>
    </message>
    <message>
        <source>{count} frame(s) are empty: dropped by the recorder or damaged; their time is counted.</source>
        <translation>{count} フレームが空です(録画装置が取りこぼしたか、破損したもの)。その時間は経過時間に含めます。</translation>
    </message>
    <message>
        <source>{path} is damaged: none of its pictures can be decoded; copy or export it again.</source>
        <translation>{path} は破損していて、画像を一枚もデコードできません。もう一度コピーするか書き出してください。</translation>
    </message>
    <message>
        <source>{path} is cut off in its first page: copy or export it again.</source>
        <translation>{path} は最初のページの途中で途切れています。もう一度コピーするか書き出してください。</translation>
    </message>
    <message>
        <source>{path} holds compressed 16-bit colours in planes, which cannot be read: save it without compression, or as 8 bit.</source>
        <translation>{path} は色面ごとに圧縮された 16 ビットカラーで、読み込めません。非圧縮または 8 ビットで保存してください。</translation>
    </message>
    <message>
        <source>The file calls its {count} pictures slices, not frames: they are read as moments in time.</source>
        <translation>ファイルは {count} 枚の画像をフレームではなくスライスと呼んでいます。時間順の画像として扱います。</translation>
    </message>
    <message>
        <source>The file states {fps:g} frames per second as the speed of its animation, which may not be the camera&apos;s: check it.</source>
        <translation>ファイルに記された毎秒 {fps:g} フレームは表示の速度で、カメラの速度とは限りません。確認してください。</translation>
    </message>
    <message>
        <source>The pictures of {path} are in other files: open the file that holds them.</source>
        <translation>{path} の画像は別のファイルにあります。そのファイルを開いてください。</translation>
    </message>
    <message>
        <source>The file holds {count} recordings: the first is read.</source>
        <translation>ファイルには {count} 件の記録があります。最初のものを読み込みます。</translation>
    </message>
    <message>
        <source>The file states {promised} pages, but {count} can be read.</source>
        <translation>ファイルは {promised} ページと記録していますが、読み込めるのは {count} ページです。</translation>
    </message>
    <message>
        <source>{path} holds {planes} planes in depth of one moment, not a recording in time: open a recording; if the planes are moments, save them as frames (T).</source>
        <translation>{path} は時間の記録ではなく、一時点の深さ方向の {planes} 面です。動画を開いてください。各面が時点であればフレーム(T)として保存してください。</translation>
    </message>
    <message>
        <source>The file is cut off or damaged in page {page}.</source>
        <translation>ファイルはページ {page} で途中で切れているか破損しています。</translation>
    </message>
    <message>
        <source>The folder {path} holds no images ({endings}): choose a video file or a folder with numbered images.</source>
        <translation>フォルダー {path} に画像がありません({endings})。動画ファイルか、番号付きの画像が入ったフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>{path} mixes pictures and negatives: export all pictures alike.</source>
        <translation>{path} にはポジとネガの画像が混在しています。すべて同じ形式で書き出してください。</translation>
    </message>
    <message>
        <source>The {files} files hold {pictures} pictures, one after the other.</source>
        <translation>{files} 個のファイルに合計 {pictures} 枚の画像が順に入っています。</translation>
    </message>
    <message>
        <source>{name} is too large: export a smaller part of the picture.</source>
        <translation>{name} は大きすぎます。画像のより小さい範囲を書き出してください。</translation>
    </message>
    <message>
        <source>{name} is damaged or not a picture that can be read: copy or export it again.</source>
        <translation>{name} は破損しているか、読み込める画像ではありません。もう一度コピーするか書き出してください。</translation>
    </message>
    <message>
        <source>{path} mixes picture sizes: {name} has {width}x{height} pixels, {other} {other_width}x{other_height}; keep the pictures of one recording.</source>
        <translation>{path} には異なるサイズの画像が混ざっています({name} は {width}x{height} ピクセル、{other} は {other_width}x{other_height} ピクセル)。一つの撮影の画像だけにしてください。</translation>
    </message>
    <message>
        <source>{path} mixes 8 and 16 bit: {name} and {other} differ; export all pictures alike.</source>
        <translation>{path} には 8 ビットと 16 ビットの画像が混ざっています({name} と {other})。すべて同じ形式で書き出してください。</translation>
    </message>
    <message>
        <source>{name} holds 32-bit or negative values, which no camera produces: export it as 8 or 16 bit.</source>
        <translation>{name} にはカメラでは得られない 32 ビットの値か負の値があります。8 ビットか 16 ビットで書き出してください。</translation>
    </message>
    <message>
        <source>The file asks for a mirrored picture, which is not applied.</source>
        <translation>ファイルは画像の鏡像反転を指定していますが、適用していません。</translation>
    </message>
    <message>
        <source>The file asks for a rotation by {degrees} degrees, which is not applied.</source>
        <translation>ファイルは {degrees} 度の回転を指定していますが、適用していません。</translation>
    </message>
    <message>
        <source>The picture is rotated by {degrees} degrees, as the file asks.</source>
        <translation>ファイルの指定に従い、画像を {degrees} 度回転しています。</translation>
    </message>
    <message>
        <source>Pictures carry no times: {fps:g} frames per second are assumed until the true rate is given.</source>
        <translation>画像に時刻がないため、正しい値を指定するまで毎秒 {fps:g} フレームとみなします。</translation>
    </message>
    <message>
        <source>Values span {depth} bits and are divided by {divisor}.</source>
        <translation>値は {depth} ビットに及び、{divisor} で割られます。</translation>
    </message>
    <message>
        <source>The file holds a negative, which is shown as a positive.</source>
        <translation>ファイルはネガ画像で、反転して表示しています。</translation>
    </message>
    <message>
        <source>The sperm was seen in {count} frame(s), too few to grade: correct its track or click another sperm.</source>
        <translation>この精子は {count} フレームでしか見えず、評価には足りません。追跡を修正するか、別の精子をクリックしてください。</translation>
    </message>
    <message>
        <source>RoSTFine Assist could not start ({error}): install it again, and if that does not help, send the log {log} to whoever looks after it.</source>
        <translation>RoSTFine Assist を起動できませんでした({error})。再インストールしても起動しない場合は、ログ {log} を管理者に送ってください。</translation>
    </message>
    <message>
        <source>Something went wrong inside the program ({error}). Your work is as it was before.</source>
        <translation>プログラム内部で問題が発生しました({error})。作業内容は直前のまま残っています。</translation>
    </message>
    <message>
        <source>Something went wrong inside the program ({error}): your work is as it was before; the log holds the details.</source>
        <translation>プログラム内部で問題が発生しました({error})。作業内容は直前のまま残っています。詳細はログに記録されています。</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>準備中</translation>
    </message>
    <message>
        <source>The installation lacks {name}: install RoSTFine Assist again.</source>
        <translation>インストールに {name} がありません。RoSTFine Assist を再インストールしてください。</translation>
    </message>
    <message>
        <source>{path} is a folder, device or pipe, which is not replaced: name a file.</source>
        <translation>{path} はフォルダー、デバイスまたはパイプであり、置き換えられません。ファイルを指定してください。</translation>
    </message>
    <message>
        <source>Cannot write {path} ({reason}): choose a folder that can be written to and has free space.</source>
        <translation>{path} を書き込めません({reason})。書き込みができて空き容量のあるフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>Cannot read {path} ({reason}): check the file.</source>
        <translation>{path} を読み込めません({reason})。ファイルを確認してください。</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>ほか {count} 件</translation>
    </message>
    <message>
        <source>The model {path} holds only an encoder, from which training can start: train a model with it and choose that.</source>
        <translation>モデル {path} には学習の出発点となるエンコーダーしかありません。これを使ってモデルを学習し、そのモデルを選んでください。</translation>
    </message>
    <message>
        <source>The model {path} gives {num_grades} grades instead of {needed}: choose a model that grades A to E.</source>
        <translation>モデル {path} の評価は {needed} 段階ではなく {num_grades} 段階です。A から E で評価するモデルを選んでください。</translation>
    </message>
    <message>
        <source>The folder {path} holds no model: choose one with {suffix} files.</source>
        <translation>フォルダー {path} にモデルがありません。{suffix} ファイルのあるフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>The models in {path} do not belong together (their preprocessing, patch grid, views or kind of data differ): choose a folder with the models of one training.</source>
        <translation>{path} のモデルは一組ではありません（前処理、パッチの格子、クリップの見方、データの種類のいずれかが異なります）。一つの学習のモデルのフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>{path} holds a network that only evaluate and compare read: to use one here, train RoSTFine itself, with all its features and separate losses.</source>
        <translation>{path} のネットワークは evaluate と compare だけが読み込めます。ここで使うには、すべての特徴と個別の損失を使って RoSTFine 自体を学習してください。</translation>
    </message>
    <message>
        <source>{path} holds weights but was not written by this program: choose a model trained or converted by it.</source>
        <translation>{path} には重みがありますが、このプログラムで書き出されたものではありません。このプログラムで学習または変換したモデルを選んでください。</translation>
    </message>
    <message>
        <source>The model {path} is damaged ({reason}): get a new copy.</source>
        <translation>モデル {path} は破損しています({reason})。入手元からもう一度入手してください。</translation>
    </message>
    <message>
        <source>Cannot read the model {path} ({reason}): check the file.</source>
        <translation>モデル {path} を読み込めません({reason})。ファイルを確認してください。</translation>
    </message>
    <message>
        <source>{path} is not a model file or is damaged: choose a {suffix} file made by this program, or convert an official checkpoint first.</source>
        <translation>{path} はモデルファイルではないか、破損しています。このプログラムで作成した {suffix} ファイルを選ぶか、先に公式のチェックポイントを変換してください。</translation>
    </message>
    <message>
        <source>The model {path} has format version {version}, and this program reads version {known}: update the program or get the model in that version.</source>
        <translation>モデル {path} の形式はバージョン {version} ですが、このプログラムが読み込めるのはバージョン {known} です。プログラムを更新するか、そのバージョンのモデルを入手してください。</translation>
    </message>
    <message>
        <source>The weights of {source} do not fit the network: {count} weights are fewer than its {depth} + {branch_depth} blocks.</source>
        <translation>{source} の重みはネットワークに合いません。重みが {count} 個しかなく、ブロック数 {depth} + {branch_depth} に足りません。</translation>
    </message>
    <message>
        <source>missing {name}</source>
        <translation>{name} がありません</translation>
    </message>
    <message>
        <source>unexpected {name}</source>
        <translation>{name} は余分です</translation>
    </message>
    <message>
        <source>{name} is not a floating-point tensor</source>
        <translation>{name} は浮動小数点のテンソルではありません</translation>
    </message>
    <message>
        <source>{name} is sparse or has no values</source>
        <translation>{name} が疎であるか、値を持ちません</translation>
    </message>
    <message>
        <source>{name} has shape {given} instead of {wanted}</source>
        <translation>{name} の形状は {wanted} ではなく {given} です</translation>
    </message>
    <message>
        <source>{name} holds values that are not finite</source>
        <translation>{name} に有限でない値があります</translation>
    </message>
    <message>
        <source>The weights of {source} do not fit the network: {faults}.</source>
        <translation>{source} の重みはネットワークに合いません。{faults}。</translation>
    </message>
    <message>
        <source>No sperm head was found in the first frame of {name}: click the sperm.</source>
        <translation>{name} の最初のフレームに精子の頭部が見つかりません。精子をクリックしてください。</translation>
    </message>
    <message>
        <source>The model {file_name} was trained on clips of {clip_frames} frame(s), which show no motion: use one for at least {fewest}.</source>
        <translation>モデル {file_name} は {clip_frames} フレームのクリップで学習されており、動きが写りません。{fewest} フレーム以上のモデルを使ってください。</translation>
    </message>
    <message>
        <source>No head stands out at the click in frame {frame}. Click the head of a sperm. To grade this place anyway, use --insist, or click it with Shift held in the window.</source>
        <translation>フレーム {frame} のクリック位置に頭部が見つかりません。精子の頭部をクリックしてください。この位置をそのまま評価する場合は、--insist を付けるか、ウィンドウで Shift キーを押しながらクリックしてください。</translation>
    </message>
    <message>
        <source>AI quality grade report</source>
        <translation>AI 品質評価レポート</translation>
    </message>
    <message>
        <source>A = 1 … E = 5, lower is better</source>
        <translation>A = 1 … E = 5、小さいほど良い</translation>
    </message>
    <message>
        <source>0 if all agree, 2.32 if votes are even</source>
        <translation>全員一致で 0、票が均等なら 2.32</translation>
    </message>
    <message>
        <source>None of the checks fired ({checks}).</source>
        <translation>該当した確認項目はありません({checks})。</translation>
    </message>
    <message>
        <source>single model: no ensemble spread</source>
        <translation>単一のモデルのため、ばらつきはありません</translation>
    </message>
    <message>
        <source>graded once: no view spread</source>
        <translation>評価は 1 回のみ: 視点間のばらつきなし</translation>
    </message>
    <message>
        <source>the model gives no ranges</source>
        <translation>モデルが範囲を示していません</translation>
    </message>
    <message>
        <source>on votes held back from training</source>
        <translation>学習に使わなかった票による</translation>
    </message>
    <message>
        <source>model spread</source>
        <translation>モデルのばらつき</translation>
    </message>
    <message>
        <source>view spread</source>
        <translation>視点間のばらつき</translation>
    </message>
    <message>
        <source>{name} {value} ({meaning})</source>
        <translation>{name} {value}({meaning})</translation>
    </message>
    <message>
        <source>standard deviation over {count} views of the clip</source>
        <translation>クリップの {count} 通りの視点での標準偏差</translation>
    </message>
    <message>
        <source>{ranges}; each holds a panel&apos;s share in {coverage} of cases</source>
        <translation>{ranges}。それぞれ {coverage} の場合に専門家の割合を含みます</translation>
    </message>
    <message>
        <source>Lines: where a panel&apos;s share lies in {coverage} of cases, each grade by itself.</source>
        <translation>線: 専門家の割合が {coverage} の場合に入る範囲(評価ごと)。</translation>
    </message>
    <message>
        <source>Dots: {count} single views.</source>
        <translation>点: {count} 通りの視点それぞれ。</translation>
    </message>
    <message>
        <source>There is nothing to report: assess at least one sperm first.</source>
        <translation>レポートする内容がありません。先に精子を一つ以上評価してください。</translation>
    </message>
    <message>
        <source>not calibrated</source>
        <translation>未校正</translation>
    </message>
    <message>
        <source>not given</source>
        <translation>未記入</translation>
    </message>
    <message>
        <source>withheld</source>
        <translation>算出せず</translation>
    </message>
    <message>
        <source>Cautions for the whole video</source>
        <translation>動画全体についての注意</translation>
    </message>
    <message>
        <source>curvilinear velocity</source>
        <translation>曲線速度</translation>
    </message>
    <message>
        <source>straight-line velocity</source>
        <translation>直線速度</translation>
    </message>
    <message>
        <source>average-path velocity</source>
        <translation>平均経路速度</translation>
    </message>
    <message>
        <source>linearity, VSL/VCL</source>
        <translation>直線性、VSL/VCL</translation>
    </message>
    <message>
        <source>straightness, VSL/VAP</source>
        <translation>直進性、VSL/VAP</translation>
    </message>
    <message>
        <source>wobble, VAP/VCL</source>
        <translation>動揺性、VAP/VCL</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>お知らせ</translation>
    </message>
    <message>
        <source>not reviewed by the operator</source>
        <translation>担当者は未確認</translation>
    </message>
    <message>
        <source>accepted by the operator</source>
        <translation>担当者が承認</translation>
    </message>
    <message>
        <source>rejected by the operator</source>
        <translation>担当者が却下</translation>
    </message>
    <message>
        <source>measured</source>
        <translation>計測</translation>
    </message>
    <message>
        <source>met another</source>
        <translation>別の精子と接近</translation>
    </message>
    <message>
        <source>found again after it was lost</source>
        <translation>見失ったあとで再発見</translation>
    </message>
    <message>
        <source>on the same head as another track</source>
        <translation>別の追跡と同じ頭部</translation>
    </message>
    <message>
        <source>another lies where it was clicked</source>
        <translation>クリック位置に別の頭部</translation>
    </message>
    <message>
        <source>This sperm has no track to show: track it first.</source>
        <translation>この精子には表示する追跡がありません。先に追跡してください。</translation>
    </message>
    <message>
        <source>overlay video</source>
        <translation>重ね描き動画</translation>
    </message>
    <message>
        <source>Predicted votes of the panel: {votes}; votes for A or B {share}</source>
        <translation>専門家の票の予測: {votes}、A または B の票 {share}</translation>
    </message>
    <message>
        <source>Warning: {about}</source>
        <translation>警告: {about}</translation>
    </message>
    <message>
        <source>frame {frame} · {time:.2f} s · {status}</source>
        <translation>フレーム {frame} · {time:.2f} s · {status}</translation>
    </message>
    <message>
        <source>doubtful: {why}, see frame {frame}</source>
        <translation>疑わしい: {why}、フレーム {frame} を確認</translation>
    </message>
    <message>
        <source>Sperm {name}</source>
        <translation>精子 {name}</translation>
    </message>
    <message>
        <source>not reviewed</source>
        <translation>未確認</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>承認</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>却下</translation>
    </message>
    <message>
        <source>undecided</source>
        <translation>未定</translation>
    </message>
    <message>
        <source>chosen</source>
        <translation>選択</translation>
    </message>
    <message>
        <source>not chosen</source>
        <translation>選択しない</translation>
    </message>
    <message>
        <source>{grade} ({meaning})</source>
        <translation>{grade}({meaning})</translation>
    </message>
    <message>
        <source>{grade:.2f} ({scale})</source>
        <translation>{grade:.2f}({scale})</translation>
    </message>
    <message>
        <source>{entropy:.2f} bits</source>
        <translation>{entropy:.2f} ビット</translation>
    </message>
    <message>
        <source>±{spread:.2f} grades</source>
        <translation>±{spread:.2f} 段階</translation>
    </message>
    <message>
        <source>standard deviation over {count} models</source>
        <translation>{count} モデルの標準偏差</translation>
    </message>
    <message>
        <source>frame {frame} at x {x:.1f}, y {y:.1f} px</source>
        <translation>フレーム {frame}: x {x:.1f}、y {y:.1f} px</translation>
    </message>
    <message>
        <source>{place} (placed by hand)</source>
        <translation>{place} (手動で配置)</translation>
    </message>
    <message>
        <source>{count} warning</source>
        <translation>警告 {count} 件</translation>
    </message>
    <message>
        <source>{count} warnings</source>
        <translation>警告 {count} 件</translation>
    </message>
    <message>
        <source>{count} notice</source>
        <translation>お知らせ {count} 件</translation>
    </message>
    <message>
        <source>{count} notices</source>
        <translation>お知らせ {count} 件</translation>
    </message>
    <message>
        <source>none</source>
        <translation>なし</translation>
    </message>
    <message>
        <source>those of the video</source>
        <translation>動画全体の注意</translation>
    </message>
    <message>
        <source>{points} at {fps:.4g} different frames per second over {span:.2f} s; average path smoothed over {window:.3g} s.</source>
        <translation>{points}、毎秒 {fps:.4g} の異なるフレーム、{span:.2f} 秒間。平均経路は {window:.3g} 秒で平滑化。</translation>
    </message>
    <message>
        <source>{count:,} measured point</source>
        <translation>計測点 {count:,} 個</translation>
    </message>
    <message>
        <source>{count:,} measured points</source>
        <translation>計測点 {count:,} 個</translation>
    </message>
    <message>
        <source>At this rate the smoothing window holds one frame: VAP equals VCL, STR equals LIN.</source>
        <translation>このフレームレートでは平滑化の窓に 1 枚しか入らないため、VAP は VCL、STR は LIN と同じです。</translation>
    </message>
    <message>
        <source>{words} (doubtful)</source>
        <translation>{words} (要注意)</translation>
    </message>
    <message>
        <source>Not calibrated: lengths in pixels, speeds in {unit}.</source>
        <translation>未校正: 長さはピクセル、速度は {unit} です。</translation>
    </message>
    <message>
        <source>not available</source>
        <translation>値がありません</translation>
    </message>
    <message>
        <source>mean offset from average path</source>
        <translation>平均経路からのずれの平均</translation>
    </message>
    <message>
        <source>beat-cross frequency</source>
        <translation>頭部振動数</translation>
    </message>
    <message>
        <source>mean angular displacement</source>
        <translation>平均角変位</translation>
    </message>
    <message>
        <source>by distance from start to end in 1 s</source>
        <translation>1 秒間の始点から終点までの距離による</translation>
    </message>
    <message>
        <source>by distance from start to end in 1 s: {distance}</source>
        <translation>1 秒間の始点から終点までの距離による: {distance}</translation>
    </message>
    <message>
        <source>WHO motility</source>
        <translation>WHO 運動性</translation>
    </message>
    <message>
        <source>Software</source>
        <translation>ソフトウェア</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>作成日時</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>デバイス</translation>
    </message>
    <message>
        <source>Track</source>
        <translation>追跡</translation>
    </message>
    <message>
        <source>Clicks</source>
        <translation>クリック</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>ネットワーク</translation>
    </message>
    <message>
        <source>Preprocessing</source>
        <translation>前処理</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>設定</translation>
    </message>
    <message>
        <source>simulated sperm</source>
        <translation>シミュレーションの精子</translation>
    </message>
    <message>
        <source>{count:,} clip</source>
        <translation>クリップ {count:,} 本</translation>
    </message>
    <message>
        <source>{count:,} clips</source>
        <translation>クリップ {count:,} 本</translation>
    </message>
    <message>
        <source>{count:,} sample</source>
        <translation>検体 {count:,} 件</translation>
    </message>
    <message>
        <source>{count:,} samples</source>
        <translation>検体 {count:,} 件</translation>
    </message>
    <message>
        <source>Cannot read {path} ({reason}): check its name and that you may read it.</source>
        <translation>{path} を読み込めません({reason})。名前と読み取り権限を確認してください。</translation>
    </message>
    <message>
        <source>{path} is a workbook: save its sheet as CSV (UTF-8) and give that.</source>
        <translation>{path} はブック形式です。シートを CSV (UTF-8) で保存して指定してください。</translation>
    </message>
    <message>
        <source>{path} is not a table: save the sheet as CSV (UTF-8).</source>
        <translation>{path} は表ではありません。シートを CSV (UTF-8) で保存してください。</translation>
    </message>
    <message>
        <source>{path} is not an assessment: choose an {name}.</source>
        <translation>{path} は評価結果ではありません。{name} を選んでください。</translation>
    </message>
    <message>
        <source>Cannot read {path} ({reason}): check the file&apos;s name.</source>
        <translation>{path} を読み込めません({reason})。ファイル名を確認してください。</translation>
    </message>
    <message>
        <source>{name} is damaged or not an assessment: restore it from a copy.</source>
        <translation>{name} は破損しているか、評価結果ではありません。控えから復元してください。</translation>
    </message>
    <message>
        <source>{name} has the schema {schema}, this version reads {known!r}: update the program.</source>
        <translation>{name} のスキーマは {schema} ですが、このバージョンが読み込めるのは {known!r} です。プログラムを更新してください。</translation>
    </message>
    <message>
        <source>{name} is damaged ({mistakes}): restore it from a copy.</source>
        <translation>{name} は破損しています({mistakes})。控えから復元してください。</translation>
    </message>
    <message>
        <source>line {line}: target {target} already has a click in frame {frame} (line {first})</source>
        <translation>{line} 行目: 対象 {target} はフレーム {frame} で、{first} 行目ですでにクリックされています</translation>
    </message>
    <message>
        <source>{column} {text!r} must be 0 or 1</source>
        <translation>{column} {text!r} は 0 か 1 にしてください</translation>
    </message>
    <message>
        <source>target is empty</source>
        <translation>target が空です</translation>
    </message>
    <message>
        <source>frame {text} must be a whole number from 0 up</source>
        <translation>frame {text} は 0 以上の整数ではありません</translation>
    </message>
    <message>
        <source>{column} {text!r} must be a number from 0 up</source>
        <translation>{column} {text!r} は 0 以上の数ではありません</translation>
    </message>
    <message>
        <source>{folder} holds no videos: choose another folder.</source>
        <translation>{folder} に動画がありません。別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>{path} lacks the column video: its first line must name it, and may name {others}.</source>
        <translation>{path} に列 video がありません。一行目に video を書いてください。{others} も書けます。</translation>
    </message>
    <message>
        <source>the video {name} is listed before</source>
        <translation>動画 {name} は前の行にもあります</translation>
    </message>
    <message>
        <source>line {line}: {mistake}</source>
        <translation>{line} 行目: {mistake}</translation>
    </message>
    <message>
        <source>it lists no video</source>
        <translation>動画が一つもありません</translation>
    </message>
    <message>
        <source>video is empty</source>
        <translation>video が空です</translation>
    </message>
    <message>
        <source>the patient has no sample</source>
        <translation>患者に検体がありません</translation>
    </message>
    <message>
        <source>{column} {text} must be a number above zero</source>
        <translation>{column} の {text} は 0 より大きい数でなければなりません</translation>
    </message>
    <message>
        <source>z {text} must be a whole number of at least 1</source>
        <translation>z の {text} は 1 以上の整数でなければなりません</translation>
    </message>
    <message>
        <source>{path} holds no rows under its header: add at least one.</source>
        <translation>{path} の見出しの下に行がありません。一行以上追加してください。</translation>
    </message>
    <message>
        <source>{path} lacks the column {missing}: its first line must name {needed}.</source>
        <translation>{path} に列 {missing} がありません。最初の行には {needed} が必要です。</translation>
    </message>
    <message>
        <source>{path} has mistakes to correct: {mistakes}.</source>
        <translation>{path} に修正が必要な誤りがあります。{mistakes}。</translation>
    </message>
    <message>
        <source>Sperm {target} was clicked in frame {frame}, but the video has frames 0 to {last}: click it in one of those.</source>
        <translation>精子 {target} はフレーム {frame} でクリックされましたが、動画のフレームは 0～{last} です。その中でクリックしてください。</translation>
    </message>
    <message>
        <source>No sperm was clicked: give at least one position.</source>
        <translation>精子がクリックされていません。位置を一つ以上指定してください。</translation>
    </message>
    <message>
        <source>The click on sperm {target} in frame {frame} has no position ({x_px}, {y_px}): give x and y in pixels.</source>
        <translation>精子 {target} のフレーム {frame} でのクリックに位置がありません({x_px}, {y_px})。x と y をピクセルで指定してください。</translation>
    </message>
    <message>
        <source>The click on sperm {target} names frame {frame}: frames are counted from 0.</source>
        <translation>精子 {target} のクリックのフレームが {frame} になっています。フレームは 0 から数えます。</translation>
    </message>
    <message>
        <source>Sperm {target} is clicked {count} times in frame {frame}: keep one click for each sperm and frame.</source>
        <translation>精子 {target} はフレーム {frame} で {count} 回クリックされています。精子とフレームごとに一回だけにしてください。</translation>
    </message>
    <message>
        <source>The click ({x_px:g}, {y_px:g}) on sperm {target} lies outside the {width_px}x{height_px} frame: click inside the picture.</source>
        <translation>精子 {target} のクリック ({x_px:g}, {y_px:g}) は {width_px}x{height_px} の画像の外にあります。画像の中をクリックしてください。</translation>
    </message>
    <message>
        <source>Frame {index} comes after the click on target {target} in frame {frame}: start tracking no later than the first click.</source>
        <translation>フレーム {index} は、対象 {target} のフレーム {frame} でのクリックより後です。追跡は最初のクリックまでに始めてください。</translation>
    </message>
    <message>
        <source>Frame {index} cannot follow frame {frame}: frames must come one by one, in order.</source>
        <translation>フレーム {frame} の次にフレーム {index} は来られません。フレームは一枚ずつ順番に渡してください。</translation>
    </message>
    <message>
        <source>Frame {index} is {width}x{height} pixels but the frames before it are {old_width}x{old_height}: only videos that keep their size can be tracked.</source>
        <translation>フレーム {index} は {width}x{height} ピクセルですが、それまでは {old_width}x{old_height} ピクセルです。サイズの変わらない動画だけを追跡できます。</translation>
    </message>
    <message>
        <source>{path} states no usable picture size: it is damaged; export it again.</source>
        <translation>{path} には使える画像サイズの記録がなく、破損しています。もう一度書き出してください。</translation>
    </message>
    <message>
        <source>{path} is {width_px}x{height_px} pixels, more than the {millions} million that can be read: export a smaller part of the picture.</source>
        <translation>{path} は {width_px}x{height_px} ピクセルで、読み込める上限({millions} 百万ピクセル)を超えています。画像のより小さい範囲を書き出してください。</translation>
    </message>
    <message>
        <source>Frames {start} to {stop} were asked for, but {path} has {frame_count}: ask for frames in that range.</source>
        <translation>フレーム {start}～{stop} が求められましたが、{path} のフレーム数は {frame_count} です。その範囲を指定してください。</translation>
    </message>
    <message>
        <source>Frame {index} was asked for, but {path} has frames 0 to {last}: ask for one of those.</source>
        <translation>フレーム {index} が求められましたが、{path} のフレームは 0～{last} です。その中から指定してください。</translation>
    </message>
    <message>
        <source>There is no file {path}: check its name and drive.</source>
        <translation>ファイル {path} がありません。名前とドライブを確認してください。</translation>
    </message>
    <message>
        <source>{path} is not a file: choose a video.</source>
        <translation>{path} はファイルではありません。動画を選んでください。</translation>
    </message>
    <message>
        <source>Cannot read {path} ({reason}): check that you may read it.</source>
        <translation>{path} を読み込めません({reason})。読み取り権限を確認してください。</translation>
    </message>
    <message>
        <source>{path} is empty (0 bytes): record or copy it again.</source>
        <translation>{path} は空です(0 バイト)。もう一度録画するかコピーしてください。</translation>
    </message>
    <message>
        <source>{path} has no channels or planes to choose from: leave the choice out.</source>
        <translation>{path} には選べるチャンネルや面がありません。指定を外してください。</translation>
    </message>
    <message>
        <source>sample {name}</source>
        <translation>検体 {name}</translation>
    </message>
    <message>
        <source>Predicted votes of the panel: {votes}</source>
        <translation>専門家の票の予測: {votes}</translation>
    </message>
    <message>
        <source>Expected grade {expected}; votes A or B {share}; disagreement {entropy}; {spread}</source>
        <translation>期待値 {expected}; A または B の票 {share}; 不一致 {entropy}; {spread}</translation>
    </message>
    <message>
        <source>Ranges: {ranges}; calibration: {calibration}</source>
        <translation>範囲: {ranges}; 較正: {calibration}</translation>
    </message>
    <message>
        <source>model {name}</source>
        <translation>モデル {name}</translation>
    </message>
    <message>
        <source>video {name}</source>
        <translation>動画 {name}</translation>
    </message>
    <message>
        <source>Frames the network saw</source>
        <translation>ネットワークが見たフレーム</translation>
    </message>
    <message>
        <source>Encoder attention (rollout)</source>
        <translation>エンコーダーの注意(ロールアウト)</translation>
    </message>
    <message>
        <source>Selected patches (spatial branch)</source>
        <translation>選択されたパッチ(空間ブランチ)</translation>
    </message>
    <message>
        <source>The same in the pass that graded</source>
        <translation>評価の計算での同じパッチ</translation>
    </message>
    <message>
        <source>lower</source>
        <translation>低い</translation>
    </message>
    <message>
        <source>higher attention</source>
        <translation>注意が高い</translation>
    </message>
    <message>
        <source>Outline in row two: over half of the scale.</source>
        <translation>2 行目の輪郭線: 尺度の半分を超える範囲。</translation>
    </message>
    <message>
        <source>predicted</source>
        <translation>予測</translation>
    </message>
    <message>
        <source>lost</source>
        <translation>見失い</translation>
    </message>
    <message>
        <source>manual</source>
        <translation>手動</translation>
    </message>
    <message>
        <source>attention is even over the clip.</source>
        <translation>注意はクリップ全体で均一です。</translation>
    </message>
    <message>
        <source>colours from this clip&apos;s lowest ({low:.3g}×) to highest ({high:.3g}×) value, as multiples of its mean patch; one scale for all frames.</source>
        <translation>色はこのクリップの最小値({low:.3g} 倍)から最大値({high:.3g} 倍)までを、パッチの平均に対する倍率で表します。尺度は全フレーム共通です。</translation>
    </message>
    <message>
        <source>attention is nearly even over the clip; {scale}</source>
        <translation>注意はクリップ全体でほぼ均一です。{scale}</translation>
    </message>
    <message>
        <source>colours from 0 to this clip&apos;s highest attention to a selected patch; one scale for all frames. Patches that were not selected stay grey.</source>
        <translation>色は 0 から、このクリップで選択されたパッチへの注意の最大値までを表します。尺度は全フレーム共通です。選択されなかったパッチは灰色のままです。</translation>
    </message>
    <message>
        <source>{scale} Drawn from the branch&apos;s input as the official code draws it, not as the grade was computed.</source>
        <translation>{scale} 公式コードと同じくブランチの入力から描いたもので、評価の計算そのものではありません。</translation>
    </message>
    <message>
        <source>the branch&apos;s last attention as the grade was computed, on a scale of its own; each patch then holds a mixture of all selected ones.</source>
        <translation>評価の計算でのブランチ最後の注意(尺度は別)。この段階では、各パッチに選択された全パッチの情報が混ざっています。</translation>
    </message>
    <message>
        <source>({status})</source>
        <translation>({status})</translation>
    </message>
    <message>
        <source>drawing</source>
        <translation>描画</translation>
    </message>
    <message>
        <source>{title}, sample {sample}</source>
        <translation>{title}、検体 {sample}</translation>
    </message>
    <message>
        <source>Sample {name}</source>
        <translation>検体 {name}</translation>
    </message>
    <message>
        <source>Page {page} of</source>
        <translation>{page} ページ /</translation>
    </message>
    <message>
        <source>Chosen</source>
        <translation>選択</translation>
    </message>
    <message>
        <source>Votes A or B: the share of a panel of experts that would vote A (best) or B (good), as predicted by the model; grey and hatched where there is a warning. Bars: the votes A to E on a scale of 0 to 100%.</source>
        <translation>A または B の票: 専門家のうち A(最良)または B(良い)に投票すると、モデルが予測した割合。警告がある場合は灰色の斜線です。棒: A から E の票(0 ～ 100%)。</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>第 {version} 版</translation>
    </message>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>患者</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Assessed</source>
        <translation>評価日時</translation>
    </message>
    <message>
        <source>Collected</source>
        <translation>採取日時</translation>
    </message>
    <message>
        <source>Analysed</source>
        <translation>分析日時</translation>
    </message>
    <message>
        <source>Medium</source>
        <translation>培養液</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message>
        <source>Abstinence</source>
        <translation>禁欲期間</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>メモ</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>精液量</translation>
    </message>
    <message>
        <source>Concentration</source>
        <translation>精子濃度</translation>
    </message>
    <message>
        <source>Total count</source>
        <translation>総精子数</translation>
    </message>
    <message>
        <source>Motile</source>
        <translation>総運動率</translation>
    </message>
    <message>
        <source>Progressive</source>
        <translation>前進運動率</translation>
    </message>
    <message>
        <source>Vitality</source>
        <translation>生存率</translation>
    </message>
    <message>
        <source>Normal forms</source>
        <translation>正常形態率</translation>
    </message>
    <message>
        <source>new</source>
        <translation>未評価</translation>
    </message>
    <message>
        <source>graded</source>
        <translation>評価済み</translation>
    </message>
    <message>
        <source>reported</source>
        <translation>報告済み</translation>
    </message>
    <message>
        <source>signed</source>
        <translation>署名済み</translation>
    </message>
    <message>
        <source>{value:g}{unit} (entered by the lab; WHO reference from {limit:g})</source>
        <translation>{value:g}{unit}(施設が入力。WHO の基準は {limit:g} 以上)</translation>
    </message>
    <message>
        <source>Video {name}</source>
        <translation>動画 {name}</translation>
    </message>
    <message>
        <source>Video {number} of {total}: {name}</source>
        <translation>動画 {number}/{total}: {name}</translation>
    </message>
    <message>
        <source>Frame {frame}; a ring around every graded sperm.</source>
        <translation>フレーム {frame}。評価したすべての精子を丸で囲んでいます。</translation>
    </message>
    <message>
        <source>Places in frame {frame}; the video was not at hand to show it.</source>
        <translation>フレーム {frame} での位置。動画がないため画像は表示できません。</translation>
    </message>
    <message>
        <source>{caption} Dashed: the place in another frame.</source>
        <translation>{caption} 破線: 別のフレームでの位置。</translation>
    </message>
    <message>
        <source>A to E in %</source>
        <translation>A ～ E (%)</translation>
    </message>
    <message>
        <source>Doubts</source>
        <translation>疑わしい点</translation>
    </message>
    <message>
        <source>Note: {note}</source>
        <translation>メモ: {note}</translation>
    </message>
    <message>
        <source>Sperm graded</source>
        <translation>評価した精子</translation>
    </message>
    <message>
        <source>Video</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>Each sperm&apos;s result is the share of a panel of experts that would vote A (best), B (good), C (neither), D (bad) or E (worst), as predicted by the model. Expected grade: the mean vote, {scale}. Disagreement: entropy of the votes in bits, {entropy}. Model spread: standard deviation of the expected grade over an ensemble of models (– for a single model). View spread: the same over views of the clip: turned, mirrored, of other frames (– for one). Both say what the model is unsure of, apart from the panel&apos;s own disagreement. VAP: average-path velocity. Bars: the votes A to E on a scale of 0 to 100%.</source>
        <translation>各精子の結果は、専門家のうち A(最良)、B(良い)、C(中間)、D(悪い)、E(最低)に票を入れる割合をモデルが予測したものです。期待値: 票の平均({scale})。不一致: 票のエントロピー(ビット、{entropy})。モデルのばらつき: アンサンブルのモデルによる期待値の標準偏差(モデルが一つなら –)。視点間のばらつき: クリップを回転・反転し別のフレームを使った視点での同じ値(視点が一つなら –)。どちらもモデルの不確かさで、専門家の不一致とは別です。VAP: 平均経路速度。棒: A から E の票(0～100% の尺度)。</translation>
    </message>
    <message>
        <source>How the sperm of {name} were graded</source>
        <translation>{name} の精子の評価方法</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>画像</translation>
    </message>
    <message>
        <source>Frames</source>
        <translation>フレーム</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>縮尺</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>モデル</translation>
    </message>
    <message>
        <source>Trained on</source>
        <translation>学習データ</translation>
    </message>
    <message>
        <source>Sperm</source>
        <translation>精子</translation>
    </message>
    <message>
        <source>Click (frame: x, y)</source>
        <translation>座標(フレーム: x, y)</translation>
    </message>
    <message>
        <source>Votes</source>
        <translation>票</translation>
    </message>
    <message>
        <source>Expected grade</source>
        <translation>期待値</translation>
    </message>
    <message>
        <source>Votes A or B</source>
        <translation>A または B の票</translation>
    </message>
    <message>
        <source>Disagreement</source>
        <translation>不一致</translation>
    </message>
    <message>
        <source>Model spread</source>
        <translation>モデルのばらつき</translation>
    </message>
    <message>
        <source>VAP</source>
        <translation>VAP</translation>
    </message>
    <message>
        <source>Flags</source>
        <translation>確認事項</translation>
    </message>
    <message>
        <source>Sperm {name}: {reason}.</source>
        <translation>精子 {name}: {reason}。</translation>
    </message>
    <message>
        <source>Left out of this report ({count})</source>
        <translation>このレポートから除いた精子({count})</translation>
    </message>
    <message>
        <source>Signature</source>
        <translation>署名</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>日付</translation>
    </message>
    <message>
        <source>{count} (tracks accepted by the operator: {accepted})</source>
        <translation>{count}(担当者が追跡を承認: {accepted})</translation>
    </message>
    <message>
        <source>{first} to {last}</source>
        <translation>{first} ～ {last}</translation>
    </message>
    <message>
        <source>colour</source>
        <translation>カラー</translation>
    </message>
    <message>
        <source>grey</source>
        <translation>グレー</translation>
    </message>
    <message>
        <source>{count} frames at {fps:.4g} fps, {duration:.2f} s</source>
        <translation>{count} フレーム、{fps:.4g} fps、{duration:.2f} 秒</translation>
    </message>
    <message>
        <source>Lines in the bars: lowest to highest single model.</source>
        <translation>棒の中の線: 個々のモデルの最小値から最大値。</translation>
    </message>
    <message>
        <source>Frame {frame}; {side} × {side} px</source>
        <translation>フレーム {frame}; {side} × {side} px</translation>
    </message>
    <message>
        <source>Predicted votes of the panel</source>
        <translation>専門家の票の予測</translation>
    </message>
    <message>
        <source>Predicted votes of the panel, {count} models</source>
        <translation>専門家の票の予測、{count} モデル</translation>
    </message>
    <message>
        <source>Calibration: {basis}.</source>
        <translation>較正: {basis}。</translation>
    </message>
    <message>
        <source>Global head</source>
        <translation>全体ヘッド</translation>
    </message>
    <message>
        <source>Spatial head</source>
        <translation>空間ヘッド</translation>
    </message>
    <message>
        <source>Temporal head</source>
        <translation>時間ヘッド</translation>
    </message>
    <message>
        <source>share of the panel</source>
        <translation>専門家のうちの割合</translation>
    </message>
    <message>
        <source>of the panel: {scale}</source>
        <translation>専門家の間: {scale}</translation>
    </message>
    <message>
        <source>Where the network looked (above each column: frame · time)</source>
        <translation>ネットワークが見た場所(各列の上: フレーム · 時刻)</translation>
    </message>
    <message>
        <source>Quality checks</source>
        <translation>品質の確認</translation>
    </message>
    <message>
        <source>Quality checks that fired</source>
        <translation>該当した確認事項</translation>
    </message>
    <message>
        <source>{title} (page 1): {doubts}</source>
        <translation>{title}(1 ページ): {doubts}</translation>
    </message>
    <message>
        <source>Kinematics</source>
        <translation>運動の計測値</translation>
    </message>
    <message>
        <source>How this result was made</source>
        <translation>この結果の作成条件</translation>
    </message>
    <message>
        <source>The file has {channels}: the first is read (--channel of rostfine reads another).</source>
        <translation>ファイルには {channels} があります。最初のものを読み込みます(rostfine の --channel で選べます)。</translation>
    </message>
    <message>
        <source>{path} has no channel {wanted:.40}: it has {channels}.</source>
        <translation>{path} にチャンネル {wanted:.40} はありません。あるのは {channels} です。</translation>
    </message>
    <message>
        <source>The file has {count} planes in depth: plane {plane} is read (--z of rostfine reads another).</source>
        <translation>ファイルには深さ方向に {count} 面あります。第 {plane} 面を読み込みます(rostfine の --z で選べます)。</translation>
    </message>
    <message>
        <source>{path} has no plane {plane}: it has planes 1 to {count}.</source>
        <translation>{path} に第 {plane} 面はありません。あるのは 1 から {count} までです。</translation>
    </message>
    <message>
        <source>Plane {plane} of {count} in depth is read.</source>
        <translation>深さ方向の {count} 面中、第 {plane} 面を読み込みます。</translation>
    </message>
    <message>
        <source>Channel {name} ({number} of {count}) is read.</source>
        <translation>チャンネル {name} ({count} 中 {number} 番目) を読み込みます。</translation>
    </message>
    <message>
        <source>Channel {number} of {count} is read.</source>
        <translation>{count} 個中、チャンネル {number} を読み込みます。</translation>
    </message>
    <message>
        <source>one channel ({label})</source>
        <translation>1 チャンネル({label})</translation>
    </message>
    <message>
        <source>{count} channels ({labels})</source>
        <translation>{count} チャンネル({labels})</translation>
    </message>
    <message>
        <source>The folder {folder} holds {count} positions: put the pictures of each into a folder of its own.</source>
        <translation>フォルダー {folder} には {count} か所の位置の画像があります。位置ごとに別のフォルダーに分けてください。</translation>
    </message>
    <message>
        <source>{count} picture(s) of the series are missing ({gaps}); their time is counted.</source>
        <translation>連番の画像が {count} 枚欠けています({gaps})。その時間は経過時間に含めます。</translation>
    </message>
    <message>
        <source>{count} picture(s) in the folder do not belong to the series: {names}.</source>
        <translation>フォルダーの {count} 枚の画像は連番に属さないため除きました: {names}</translation>
    </message>
    <message>
        <source>The file states pixels of {width:g} by {height:g}, which are treated as square.</source>
        <translation>ファイルに記された画素の縦横比 {width:g}:{height:g} はあり得ないため、正方形として扱います。</translation>
    </message>
    <message>
        <source>The file&apos;s pixels are not square: the picture is stretched from {across}x{down} to {new_across}x{new_down}.</source>
        <translation>画素が正方形ではないため、画像を {across}x{down} から {new_across}x{new_down} に引き伸ばしました。</translation>
    </message>
    <message>
        <source>heads</source>
        <translation>頭部の検出</translation>
    </message>
    <message>
        <source>The video is interlaced: every other line was taken at another moment. Heads were measured and clips cut by one field, the lines of one moment, which is half as fine from top to bottom.</source>
        <translation>動画がインターレースです。1 本おきの走査線が別の時刻に撮影されています。頭部の計測とクリップの切り出しは、同じ時刻の走査線（片方のフィールド）だけで行いました。縦方向の細かさは半分になります。</translation>
    </message>
    <message>
        <source>The video is interlaced (combing {combing:.1f}, about 1 in whole pictures): every other line was taken at another moment, so heads that move look combed.</source>
        <translation>動画がインターレースです（櫛状ノイズの指標 {combing:.1f}、通常の画像では約 1）。1 本おきの走査線が別の時刻に撮影されているため、動く頭部は櫛状に見えます。</translation>
    </message>
    <message>
        <source>The whole picture moves, but by how much could not be measured in {unknown} of {total} frames: there the speeds contain the motion of the stage.</source>
        <translation>視野全体が動いていますが、{total} フレーム中 {unknown} フレームではその量を測れませんでした。それらのフレームでは速度にステージの動きが含まれています。</translation>
    </message>
    <message>
        <source>The whole picture moves by up to {far}, and more than the sperm itself (stage or fluid): this was subtracted from the speeds, which are less exact for it.</source>
        <translation>視野全体が最大 {far} 動き、精子自身の動きを上回ります（ステージまたは液の流れ）。この動きは速度から差し引きましたが、速度の精度は下がります。</translation>
    </message>
    <message>
        <source>The whole picture moves by up to {far} (stage or fluid): this was subtracted from the speeds.</source>
        <translation>視野全体が最大 {far} 動いています（ステージまたは液の流れ）。この動きは速度から差し引きました。</translation>
    </message>
    <message>
        <source>{px:.1f} px</source>
        <translation>{px:.1f} px</translation>
    </message>
    <message>
        <source>{px:.1f} px ({um:.1f} um)</source>
        <translation>{px:.1f} px（{um:.1f} um）</translation>
    </message>
    <message>
        <source>{path} was changed or replaced after it was opened: open it again when it is complete.</source>
        <translation>{path} は、開いた後に変更されたか、別のファイルに置き換えられました。書き込みが完了してから開き直してください。</translation>
    </message>
    <message>
        <source>{folder} already holds an evaluation: choose another folder or add --overwrite.</source>
        <translation>{folder} にはすでに評価があります。別のフォルダーを選ぶか、--overwrite を付けてください。</translation>
    </message>
    <message>
        <source>Install RoSTFine Assist again.</source>
        <translation>RoSTFine Assist をもう一度インストールしてください。</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>{version} on {platform}</source>
        <translation>{version}（{platform}）</translation>
    </message>
    <message>
        <source>Python</source>
        <translation>Python</translation>
    </message>
    <message>
        <source>Packages</source>
        <translation>パッケージ</translation>
    </message>
    <message>
        <source>{name} is missing</source>
        <translation>{name} がありません</translation>
    </message>
    <message>
        <source>not stated</source>
        <translation>不明</translation>
    </message>
    <message>
        <source>{gpu}, driver {driver}</source>
        <translation>{gpu}、ドライバー {driver}</translation>
    </message>
    <message>
        <source>the NVIDIA GPU has no working driver; grading runs on the CPU</source>
        <translation>NVIDIA GPU に動作するドライバーがありません。評価は CPU で行います</translation>
    </message>
    <message>
        <source>no NVIDIA GPU can be used; grading runs on the CPU</source>
        <translation>使える NVIDIA GPU がありません。評価は CPU で行います</translation>
    </message>
    <message>
        <source>With an NVIDIA GPU in the machine, install its current driver and start again.</source>
        <translation>NVIDIA GPU があるなら、最新のドライバーを入れて起動し直してください。</translation>
    </message>
    <message>
        <source>the GPU {name} is too old (compute capability {found}, {oldest} or more is needed); grading runs on the CPU</source>
        <translation>GPU {name} は古すぎます（compute capability {found}、必要なのは {oldest} 以上）。評価は CPU で行います</translation>
    </message>
    <message>
        <source>The program works without it; for faster grading use an NVIDIA GPU of the Turing generation (2018) or newer.</source>
        <translation>なくても動きます。評価を速くするには Turing 世代（2018 年）以降の NVIDIA GPU を使ってください。</translation>
    </message>
    <message>
        <source>the NVIDIA driver {driver} is there, but this program cannot use its GPU; grading runs on the CPU</source>
        <translation>NVIDIA ドライバー {driver} がありますが、このプログラムはその GPU を使えません。評価は CPU で行います</translation>
    </message>
    <message>
        <source>the NVIDIA driver {driver} is too old ({least} or newer is needed); grading runs on the CPU</source>
        <translation>NVIDIA ドライバー {driver} は古すぎます（必要なのは {least} 以降）。評価は CPU で行います</translation>
    </message>
    <message>
        <source>the NVIDIA driver {driver} is there, but its GPU cannot be used; grading runs on the CPU</source>
        <translation>NVIDIA ドライバー {driver} がありますが、GPU を使えません。評価は CPU で行います</translation>
    </message>
    <message>
        <source>Install the current driver and start again.</source>
        <translation>最新のドライバーを入れて起動し直してください。</translation>
    </message>
    <message>
        <source>Install NVIDIA&apos;s driver {least} or newer (on Ubuntu: `sudo ubuntu-drivers install`; on Debian the package nvidia-driver), and start the computer again.</source>
        <translation>NVIDIA のドライバー {least} 以降を入れ（Ubuntu では `sudo ubuntu-drivers install`、Debian ではパッケージ nvidia-driver）、コンピューターを再起動してください。</translation>
    </message>
    <message>
        <source>Install NVIDIA&apos;s driver {least} or newer from nvidia.com/drivers, and start the computer again.</source>
        <translation>nvidia.com/drivers から NVIDIA のドライバー {least} 以降を入れ、コンピューターを再起動してください。</translation>
    </message>
    <message>
        <source>This program is built for CPUs: install the build for NVIDIA GPUs.</source>
        <translation>このプログラムは CPU 用です。NVIDIA GPU 用のものをインストールしてください。</translation>
    </message>
    <message>
        <source>The installed PyTorch has no CUDA: install one that has (pytorch.org).</source>
        <translation>インストールされている PyTorch に CUDA がありません。CUDA 付きのものを入れてください（pytorch.org）。</translation>
    </message>
    <message>
        <source>Codecs</source>
        <translation>コーデック</translation>
    </message>
    <message>
        <source>missing: {names}</source>
        <translation>不足: {names}</translation>
    </message>
    <message>
        <source>Install the package `av` again: its own build has all of them.</source>
        <translation>パッケージ `av` をもう一度インストールしてください。すべて含まれています。</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>ウィンドウ</translation>
    </message>
    <message>
        <source>{name} is missing in {folder}</source>
        <translation>{folder} に {name} がありません</translation>
    </message>
    <message>
        <source>Qt platform {name}</source>
        <translation>Qt プラットフォーム {name}</translation>
    </message>
    <message>
        <source>Qt cannot open a window on {platform}</source>
        <translation>Qt が {platform} でウィンドウを開けません</translation>
    </message>
    <message>
        <source>Start from a desktop session; on Linux run packaging/system_packages.sh.</source>
        <translation>デスクトップから起動してください。Linux では packaging/system_packages.sh を実行してください。</translation>
    </message>
    <message>
        <source>Start from a desktop session; on Debian or Ubuntu install libegl1, libgl1, libfontconfig1, libxkbcommon-x11-0 and libxcb-cursor0.</source>
        <translation>デスクトップから起動してください。Debian、Ubuntu では libegl1、libgl1、libfontconfig1、libxkbcommon-x11-0、libxcb-cursor0 をインストールしてください。</translation>
    </message>
    <message>
        <source>Start from a desktop session; if that does not help, install RoSTFine Assist again.</source>
        <translation>デスクトップから起動してください。直らなければ RoSTFine Assist をもう一度インストールしてください。</translation>
    </message>
    <message>
        <source>{file} (demonstration), sha256 {sha256}</source>
        <translation>{file}（デモ用）、sha256 {sha256}</translation>
    </message>
    <message>
        <source>Bundled model</source>
        <translation>付属のモデル</translation>
    </message>
    <message>
        <source>{width}x{height}, {frames} frames</source>
        <translation>{width}x{height}、{frames} フレーム</translation>
    </message>
    <message>
        <source>Demo video</source>
        <translation>デモ動画</translation>
    </message>
    <message>
        <source>Write access</source>
        <translation>書き込み</translation>
    </message>
    <message>
        <source>Choose a results folder that can be written to.</source>
        <translation>書き込めるフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>RoSTFine Assist is a second opinion for trained embryologists: it estimates how a panel of experts would vote on single sperm, from A (best) to E (worst).</source>
        <translation>RoSTFine Assist は訓練を受けた胚培養士のための参考意見です。専門家のパネルが一つ一つの精子に A（最良）から E（最低）までどう投票するかを推定します。</translation>
    </message>
    <message>
        <source>The grade is an AI quality grade, not a WHO motility grade (a-d).</source>
        <translation>評価は AI による品質評価であり、WHO の運動性グレード（a-d）ではありません。</translation>
    </message>
    <message>
        <source>The bundled model is a demonstration, trained on simulated sperm: its answers about real videos mean nothing, and it is not for clinical use.</source>
        <translation>付属のモデルはシミュレーションの精子で学習したデモ用です。実際の動画に対する答えに意味はなく、臨床には使用できません。</translation>
    </message>
    <message>
        <source>No treatment may be based on a model that your laboratory has not validated on its own patients; your legal requirements for diagnostic software apply.</source>
        <translation>施設が自分の患者で検証していないモデルを治療の根拠にしてはなりません。診断用ソフトウェアに関する法的要件が適用されます。</translation>
    </message>
    <message>
        <source>Results say only what a panel would probably vote. Look at the track and at the reasons for caution of each sperm before you use its grade.</source>
        <translation>結果が示すのは、パネルがおそらくどう投票するかだけです。評価を使う前に、精子ごとに軌跡と注意すべき点を確認してください。</translation>
    </message>
    <message>
        <source>Sperm {one} and {other} are the same one: count it once.</source>
        <translation>精子 {one} と {other} は同じ精子です。1 個として数えてください。</translation>
    </message>
    <message>
        <source>I made this report</source>
        <translation>このレポートを作成しました</translation>
    </message>
    <message>
        <source>I reviewed this report</source>
        <translation>このレポートを確認しました</translation>
    </message>
    <message>
        <source>I approve this report</source>
        <translation>このレポートを承認します</translation>
    </message>
    <message>
        <source>sign in</source>
        <translation>サインイン</translation>
    </message>
    <message>
        <source>sign-in refused</source>
        <translation>サインイン拒否</translation>
    </message>
    <message>
        <source>sign out</source>
        <translation>サインアウト</translation>
    </message>
    <message>
        <source>change the passphrase</source>
        <translation>パスフレーズの変更</translation>
    </message>
    <message>
        <source>reader</source>
        <translation>閲覧者</translation>
    </message>
    <message>
        <source>operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>panel</source>
        <translation>パネル</translation>
    </message>
    <message>
        <source>ballot</source>
        <translation>投票用クリップ</translation>
    </message>
    <message>
        <source>patient</source>
        <translation>患者</translation>
    </message>
    <message>
        <source>report</source>
        <translation>レポート</translation>
    </message>
    <message>
        <source>sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>sperm</source>
        <translation>精子</translation>
    </message>
    <message>
        <source>store</source>
        <translation>保管庫</translation>
    </message>
    <message>
        <source>video</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>reviewer</source>
        <translation>確認者</translation>
    </message>
    <message>
        <source>administrator</source>
        <translation>管理者</translation>
    </message>
    <message>
        <source>see cases</source>
        <translation>症例の閲覧</translation>
    </message>
    <message>
        <source>edit cases</source>
        <translation>症例の編集</translation>
    </message>
    <message>
        <source>keep results</source>
        <translation>結果の保存</translation>
    </message>
    <message>
        <source>write reports</source>
        <translation>レポートの作成</translation>
    </message>
    <message>
        <source>export</source>
        <translation>書き出し</translation>
    </message>
    <message>
        <source>review blind</source>
        <translation>盲検レビュー</translation>
    </message>
    <message>
        <source>vote</source>
        <translation>投票</translation>
    </message>
    <message>
        <source>back up</source>
        <translation>バックアップ</translation>
    </message>
    <message>
        <source>sign reports</source>
        <translation>レポートへの署名</translation>
    </message>
    <message>
        <source>amend reports</source>
        <translation>レポートの訂正</translation>
    </message>
    <message>
        <source>manage panels</source>
        <translation>パネルの管理</translation>
    </message>
    <message>
        <source>see the audit trail</source>
        <translation>監査証跡の閲覧</translation>
    </message>
    <message>
        <source>manage operators</source>
        <translation>担当者の管理</translation>
    </message>
    <message>
        <source>restore a backup</source>
        <translation>バックアップの復元</translation>
    </message>
    <message>
        <source>change the encryption</source>
        <translation>暗号化の変更</translation>
    </message>
    <message>
        <source>The store is empty: its audit trail has no entries yet.</source>
        <translation>保管庫は空です。監査証跡にはまだ記録がありません。</translation>
    </message>
    <message>
        <source>The audit trail is whole: {entries} entries, the newest with hash {head}.</source>
        <translation>監査証跡に欠けや変更はありません（{entries} 件、最新のハッシュ {head}）。</translation>
    </message>
    <message>
        <source>It holds the hash {hash}, of entry {number}.</source>
        <translation>ハッシュ {hash} は記録 {number} のものとして含まれています。</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail is missing: the next that is there has the number {found}.</source>
        <translation>監査証跡の {number} 番の記録がありません。次にある記録は {found} 番です。</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail was changed.</source>
        <translation>監査証跡の {number} 番の記録が変更されています。</translation>
    </message>
    <message>
        <source>Entry {number} of the audit trail does not follow the one before it: entries were removed, inserted or moved.</source>
        <translation>監査証跡の {number} 番の記録が前の記録につながりません。記録が削除、挿入、または移動されています。</translation>
    </message>
    <message>
        <source>report {version} of sample {sample}</source>
        <translation>検体 {sample} のレポート第 {version} 版</translation>
    </message>
    <message>
        <source>the hash {hash}</source>
        <translation>ハッシュ {hash}</translation>
    </message>
    <message>
        <source>The audit trail ends with entry {count} and does not hold the one that {who} stands on: entries at its end were removed, or the store was replaced by another.</source>
        <translation>監査証跡は {count} 番で終わり、{who} の根拠となる記録がありません。末尾の記録が削除されたか、保管庫が別のものに置き換えられています。</translation>
    </message>
    <message>
        <source>The audit trail ends with entry {count}, but its newest was entry {last}: entries at its end were removed.</source>
        <translation>監査証跡は {count} 番で終わっていますが、最新の記録は {last} 番でした。末尾の記録が削除されています。</translation>
    </message>
    <message>
        <source>The store must be a folder or postgresql://USER:PASSWORD@HOST/DATABASE: correct its place.</source>
        <translation>保管庫はフォルダー、または postgresql://USER:PASSWORD@HOST/DATABASE で指定します。場所を直してください。</translation>
    </message>
    <message>
        <source>This store has operators: sign in first.</source>
        <translation>この保管庫には担当者が登録されています。先にサインインしてください。</translation>
    </message>
    <message>
        <source>{name} ({role}) may not do this ({action}): ask an administrator.</source>
        <translation>{name}（{role}）にはこの操作（{action}）の権限がありません。管理者に相談してください。</translation>
    </message>
    <message>
        <source>An operator needs a login and a name: enter both.</source>
        <translation>担当者にはログイン名と氏名が必要です。両方を入力してください。</translation>
    </message>
    <message>
        <source>The login {login} is taken: choose another.</source>
        <translation>ログイン名 {login} は使われています。別の名前を選んでください。</translation>
    </message>
    <message>
        <source>The first operator of a store is an administrator: choose that role.</source>
        <translation>保管庫の最初の担当者は管理者です。役割に管理者を選んでください。</translation>
    </message>
    <message>
        <source>Login and passphrase do not belong together: type both again.</source>
        <translation>ログイン名とパスフレーズが一致しません。もう一度入力してください。</translation>
    </message>
    <message>
        <source>Too many wrong passphrases for {login}: wait {seconds} s and try again.</source>
        <translation>{login} のパスフレーズの誤りが多すぎます。{seconds} 秒待ってからもう一度入力してください。</translation>
    </message>
    <message>
        <source>{name} is the last administrator: make somebody else administrator first.</source>
        <translation>{name} は最後の管理者です。先に別の人を管理者にしてください。</translation>
    </message>
    <message>
        <source>There is no such operator in this store: open the list again.</source>
        <translation>この保管庫にその担当者はいません。一覧を開き直してください。</translation>
    </message>
    <message>
        <source>A passphrase has at least {shortest} characters, {different} of them different, and is neither the login nor the name: several words are easy to remember.</source>
        <translation>パスフレーズは {shortest} 文字以上で、{different} 種類以上の文字を使い、ログイン名や氏名とは別のものにします。いくつかの単語をつなげると覚えやすくなります。</translation>
    </message>
    <message>
        <source>{path} is not the video that this result was made from, whose SHA-256 begins with {start}: give that one.</source>
        <translation>{path} はこの結果のもとの動画ではありません。SHA-256 が {start} で始まる動画を指定してください。</translation>
    </message>
    <message>
        <source>The video {name} that this result was made from is missing: put it back, or say where it is.</source>
        <translation>この結果のもとの動画 {name} が見つかりません。元に戻すか、場所を指定してください。</translation>
    </message>
    <message>
        <source>The settings that this result was made with are damaged ({reason}): restore it from a copy.</source>
        <translation>この結果の設定が壊れています({reason})。控えから戻してください。</translation>
    </message>
    <message>
        <source>The disk of the store {place} is full: free some space and do the last step again; everything before it is kept.</source>
        <translation>保管庫 {place} のディスクに空きがありません。空きを作って直前の操作をやり直してください。それより前の内容はすべて保存されています。</translation>
    </message>
    <message>
        <source>The store {place} cannot be written to: ask for the right to change its files.</source>
        <translation>保管庫 {place} に書き込めません。ファイルを変更する権限を管理者に求めてください。</translation>
    </message>
    <message>
        <source>The store {place} is damaged: restore it from a backup.</source>
        <translation>保管庫 {place} が壊れています。バックアップから復元してください。</translation>
    </message>
    <message>
        <source>Another program keeps the store {place} busy: wait until it is done and try again.</source>
        <translation>別のプログラムが保管庫 {place} を使用中です。終わるまで待ってからやり直してください。</translation>
    </message>
    <message>
        <source>The store {place} cannot be reached ({reason}): look for its disk or network and do the last step again; everything before it is kept.</source>
        <translation>保管庫 {place} に接続できません（{reason}）。ディスクまたはネットワークを確かめ、直前の操作をやり直してください。それより前の内容はすべて保存されています。</translation>
    </message>
    <message>
        <source>its file is not in its place any more</source>
        <translation>ファイルが元の場所にありません</translation>
    </message>
    <message>
        <source>This video was changed by another window or program meanwhile: open it again to go on.</source>
        <translation>この動画は別のウィンドウまたはプログラムで変更されました。続けるには開き直してください。</translation>
    </message>
    <message>
        <source>The store {place} was made by a newer version of the program: update RoSTFine Assist to open it.</source>
        <translation>保管庫 {place} は新しい版のプログラムで作られています。開くには RoSTFine Assist を更新してください。</translation>
    </message>
    <message>
        <source>Sperm {target} is not in the store: open its video again.</source>
        <translation>精子 {target} が保管庫にありません。動画を開き直してください。</translation>
    </message>
    <message>
        <source>What was asked for ({kind}) is not in this store: open the list again.</source>
        <translation>指定されたもの（{kind}）がこの保管庫にありません。一覧を開き直してください。</translation>
    </message>
    <message>
        <source>A patient needs a pseudonym: enter one.</source>
        <translation>患者には仮名が必要です。入力してください。</translation>
    </message>
    <message>
        <source>There is a patient {pseudonym} already: choose that one.</source>
        <translation>患者 {pseudonym} は登録済みです。その患者を選んでください。</translation>
    </message>
    <message>
        <source>Another report of this sample was written meanwhile: write this one again, so that it gets the next version.</source>
        <translation>この試料の別の報告書が先に書かれました。次の版になるよう、この報告書を書き直してください。</translation>
    </message>
    <message>
        <source>Version {version} of this report is signed and locked: amend it, with a reason.</source>
        <translation>このレポートの第 {version} 版は署名済みで変更できません。理由を付けて訂正してください。</translation>
    </message>
    <message>
        <source>places of the crops</source>
        <translation>切り出しの位置</translation>
    </message>
    <message>
        <source>predicted votes</source>
        <translation>予測された票</translation>
    </message>
    <message>
        <source>attention</source>
        <translation>注意</translation>
    </message>
    <message>
        <source>kinematics</source>
        <translation>運動解析</translation>
    </message>
    <message>
        <source>flags</source>
        <translation>フラグ</translation>
    </message>
    <message>
        <source>facts of the video</source>
        <translation>動画の情報</translation>
    </message>
    <message>
        <source>Sperm {name}: equal.</source>
        <translation>精子 {name}: 同じです。</translation>
    </message>
    <message>
        <source>Sperm {name}: {count} part(s) differ.</source>
        <translation>精子 {name}: {count} か所が異なります。</translation>
    </message>
    <message>
        <source>{folder} holds no results: name a folder that a report was written into, or an {name}.</source>
        <translation>{folder} に結果がありません。レポートを書き出したフォルダーか {name} を指定してください。</translation>
    </message>
    <message>
        <source>Video {name} has no results that are up to date: grade its sperm first.</source>
        <translation>動画 {name} には最新の結果がありません。先に精子を評価してください。</translation>
    </message>
    <message>
        <source>{path} is not the model of this result, which was {name} with a SHA-256 that begins with {start}: give that one.</source>
        <translation>{path} はこの結果のモデルではありません。SHA-256 が {start} で始まる {name} を指定してください。</translation>
    </message>
    <message>
        <source>it is not in its batch</source>
        <translation>同じ組に含まれていません</translation>
    </message>
    <message>
        <source>It was not graded this time: {reason}</source>
        <translation>今回は評価されませんでした: {reason}</translation>
    </message>
    <message>
        <source>It was made by version {then}; this is version {now}.</source>
        <translation>バージョン {then} で作られました。このプログラムはバージョン {now} です。</translation>
    </message>
    <message>
        <source>It was made on {then} ({then_precision}), now on {now} ({now_precision}): votes may differ by {tolerance}, and attention is not compared.</source>
        <translation>{then} ({then_precision}) で作られ、今回は {now} ({now_precision}) です。票は {tolerance} まで異なることがあり、注意は比べません。</translation>
    </message>
    <message>
        <source>{part}: {count} of {total} value(s) differ; the first, {place}, was {before} and is {after}</source>
        <translation>{part}: {total} 個中 {count} 個の値が異なります。最初の {place} は {before} でしたが {after} です</translation>
    </message>
    <message>
        <source>{counted}.</source>
        <translation>{counted}。</translation>
    </message>
    <message>
        <source>{counted}; the largest step is {most:.3g}.</source>
        <translation>{counted}。差は最大 {most:.3g} です。</translation>
    </message>
    <message>
        <source>Sign in again.</source>
        <translation>もう一度サインインしてください。</translation>
    </message>
    <message>
        <source>Nobody is signed in: sign in first.</source>
        <translation>サインインしていません。先にサインインしてください。</translation>
    </message>
    <message>
        <source>A report is signed by somebody who has a passphrase: add operators to the store first.</source>
        <translation>レポートに署名できるのはパスフレーズを持つ人だけです。先に保管庫へ担当者を登録してください。</translation>
    </message>
    <message>
        <source>An amendment says why it was made: enter the reason.</source>
        <translation>訂正には理由が必要です。理由を入力してください。</translation>
    </message>
    <message>
        <source>Only a signed report is amended: this one can be written again.</source>
        <translation>訂正できるのは署名済みのレポートだけです。このレポートは書き直せます。</translation>
    </message>
    <message>
        <source>Version {version} of this report is signed by {name} and locked: amend it.</source>
        <translation>このレポートの第 {version} 版は {name} が署名済みで変更できません。訂正してください。</translation>
    </message>
    <message>
        <source>{video} was changed after this report was written: write the report again, then sign it.</source>
        <translation>このレポートの作成後に {video} が変更されました。レポートを書き直してから署名してください。</translation>
    </message>
    <message>
        <source>Version {version} of this report was replaced by a newer one: open that.</source>
        <translation>このレポートの第 {version} 版は新しい版に置き換えられました。新しい版を開いてください。</translation>
    </message>
    <message>
        <source>The hash {hash} is too short: type at least {count} of its characters.</source>
        <translation>ハッシュ {hash} が短すぎます。{count} 文字以上を入力してください。</translation>
    </message>
    <message>
        <source>No process can be started to read videos ({reason}): close other programs.</source>
        <translation>動画を読むためのプロセスを起動できません（{reason}）。ほかのプログラムを閉じてください。</translation>
    </message>
    <message>
        <source>the system ended it, perhaps for lack of memory</source>
        <translation>メモリ不足などのためシステムが終了させました</translation>
    </message>
    <message>
        <source>it crashed, {signal}</source>
        <translation>異常終了しました（{signal}）</translation>
    </message>
    <message>
        <source>it ended with status {status}</source>
        <translation>状態 {status} で終了しました</translation>
    </message>
    <message>
        <source>The decoder failed ({error}): open the video again.</source>
        <translation>デコーダーでエラーが起きました（{error}）。動画をもう一度開いてください。</translation>
    </message>
    <message>
        <source>The decoder stopped while opening {path}: {reason}. Open it again; if that does not help, the file is damaged, so copy or export it again.</source>
        <translation>{path} を開く途中でデコーダーが停止しました。{reason}。もう一度開いてください。それでも開けない場合はファイルが壊れています。コピーし直すか、書き出し直してください。</translation>
    </message>
    <message>
        <source>The decoder stopped while reading {path} at frame {frame}: {reason}. Try it again; if it stops there again, the file is damaged, so copy or export it again.</source>
        <translation>{path} のフレーム {frame} を読む途中でデコーダーが停止しました。{reason}。もう一度試してください。同じところで停止する場合はファイルが壊れています。コピーし直すか、書き出し直してください。</translation>
    </message>
    <message>
        <source>You reviewed this sperm already, and saw the model&apos;s grade since.</source>
        <translation>この精子はレビュー済みで、その後モデルの評価を見ています。</translation>
    </message>
    <message>
        <source>A review is a second person&apos;s: add operators to the store, who sign in.</source>
        <translation>レビューは別の担当者が行います。保管庫に担当者を登録し、サインインしてください。</translation>
    </message>
    <message>
        <source>You graded this video yourself: a blind review is a second person&apos;s.</source>
        <translation>この動画はあなた自身が評価しました。盲検レビューは別の担当者が行います。</translation>
    </message>
    <message>
        <source>The clip of this sperm was made anew meanwhile: go back to the list and review it again.</source>
        <translation>この精子のクリップはその間に作り直されました。一覧に戻り、もう一度レビューしてください。</translation>
    </message>
    <message>
        <source>A panel needs a name: enter one.</source>
        <translation>パネルには名前が必要です。名前を入力してください。</translation>
    </message>
    <message>
        <source>There is no graded sperm that no panel has voted on: grade some first.</source>
        <translation>まだどのパネルも投票していない評価済みの精子がありません。先に評価してください。</translation>
    </message>
    <message>
        <source>The clip of this sperm was made anew meanwhile, so it left the panel: go back to the list and vote on the next.</source>
        <translation>この精子のクリップはその間に作り直されたため、パネルから外れました。一覧に戻り、次の精子に投票してください。</translation>
    </message>
    <message>
        <source>You voted on this sperm already: go on with the next.</source>
        <translation>この精子には投票済みです。次へ進んでください。</translation>
    </message>
    <message>
        <source>The grade of this sperm is gone: grade it again.</source>
        <translation>この精子の評価がなくなっています。もう一度評価してください。</translation>
    </message>
    <message>
        <source>A panel is several people: add operators to the store, who sign in to vote.</source>
        <translation>パネルは複数の担当者で行います。保管庫に担当者を登録し、サインインして投票してください。</translation>
    </message>
    <message>
        <source>{folder} already holds a data set: choose another folder.</source>
        <translation>{folder} にはすでにデータセットがあります。別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>clips</source>
        <translation>クリップ</translation>
    </message>
    <message>
        <source>{path} must end in .csv or .xlsx: name it so.</source>
        <translation>{path} の末尾は .csv か .xlsx にしてください。</translation>
    </message>
    <message>
        <source>A workbook holds {most} rows, and there are more: write the table as CSV.</source>
        <translation>ブックに入るのは {most} 行までです。表を CSV で書き出してください。</translation>
    </message>
    <message>
        <source>The store {place} is damaged ({found}): restore it from a backup.</source>
        <translation>保管庫 {place} が壊れています（{found}）。バックアップから復元してください。</translation>
    </message>
    <message>
        <source>{path} is no backup of a store: choose one.</source>
        <translation>{path} は保管庫のバックアップではありません。バックアップを選んでください。</translation>
    </message>
    <message>
        <source>The store&apos;s file is damaged ({found}).</source>
        <translation>保管庫のファイルが壊れています（{found}）。</translation>
    </message>
    <message>
        <source>A record of the store is damaged ({kind}).</source>
        <translation>保管庫の記録が壊れています（{kind}）。</translation>
    </message>
    <message>
        <source>Cannot read {path}: delete it and choose the store again.</source>
        <translation>{path} を読み込めません。削除して保管庫を選び直してください。</translation>
    </message>
    <message>
        <source>Cannot write {path} ({reason}): ask for the right to change it.</source>
        <translation>{path} に書き込めません（{reason}）。変更する権限を管理者に求めてください。</translation>
    </message>
    <message>
        <source>version {version}</source>
        <translation>第 {version} 版</translation>
    </message>
    <message>
        <source>{version}, draft, not signed</source>
        <translation>{version}、下書き、未署名</translation>
    </message>
    <message>
        <source>{version}, signed by {name}</source>
        <translation>{version}、署名: {name}</translation>
    </message>
    <message>
        <source>draft, not signed</source>
        <translation>下書き、未署名</translation>
    </message>
    <message>
        <source>signed by {name} on {time}: {meaning}</source>
        <translation>署名: {name}、{time}、{meaning}</translation>
    </message>
    <message>
        <source>Takes the place of version {version}: {reason}</source>
        <translation>第 {version} 版に代わるものです。理由: {reason}</translation>
    </message>
    <message>
        <source>Sealed with the certificate of {name}.</source>
        <translation>{name} の証明書で電子署名されています。</translation>
    </message>
    <message>
        <source>Audit trail up to {hash}.</source>
        <translation>監査証跡の末尾: {hash}</translation>
    </message>
    <message>
        <source>{name} cannot be read as a PDF ({reason}): export the report again.</source>
        <translation>{name} を PDF として読めません({reason})。レポートをもう一度書き出してください。</translation>
    </message>
    <message>
        <source>The certificate {path} is valid from {first} to {last} only: ask for a new one, or set the computer&apos;s clock.</source>
        <translation>証明書 {path} の有効期間は {first} から {last} までです。新しい証明書を求めるか、コンピューターの時計を合わせてください。</translation>
    </message>
    <message>
        <source>The certificate {path} cannot be opened: the passphrase is wrong, or it is no PKCS#12 file (.p12, .pfx) with certificate and key.</source>
        <translation>証明書 {path} を開けません。パスフレーズが違うか、証明書と鍵を含む PKCS#12 ファイル(.p12、.pfx)ではありません。</translation>
    </message>
    <message>
        <source>The certificate of {name} cannot seal a PDF ({reason}): ask for one that may sign documents.</source>
        <translation>{name} の証明書では PDF に電子署名できません({reason})。文書に署名できる証明書を求めてください。</translation>
    </message>
    <message>
        <source>{path} cannot be checked ({reason}): it is damaged or no PDF.</source>
        <translation>{path} を確認できません({reason})。壊れているか、PDF ではありません。</translation>
    </message>
    <message>
        <source>{name} has no results attached ({file}): it is no report, or of an older version.</source>
        <translation>{name} には結果({file})が添付されていません。レポートではないか、古い版のものです。</translation>
    </message>
    <message>
        <source>{name} was changed: page {pages} does not state the hash of the attached results, {sha256}.</source>
        <translation>{name} は変更されています。{pages} ページに、添付された結果のハッシュ {sha256} がありません。</translation>
    </message>
    <message>
        <source>{name} was changed after it was sealed with the certificate of {holder}.</source>
        <translation>{name} は {holder} の証明書で電子署名された後に変更されています。</translation>
    </message>
    <message>
        <source>Something went wrong inside the program ({error}): what is not saved is kept in memory; the log holds the details.</source>
        <translation>プログラム内部で問題が発生しました（{error}）。保存されていないものはメモリーに残っています。詳細はログにあります。</translation>
    </message>
    <message>
        <source>The store {path} is encrypted, and its key is not in this computer&apos;s keyring: enter its passphrase, or restore a backup if it never had one.</source>
        <translation>保管庫 {path} は暗号化されていて、鍵がこのコンピューターのキーリングにありません。パスフレーズを入力するか、設定した覚えがなければバックアップから復元してください。</translation>
    </message>
    <message>
        <source>The key cannot be kept in this computer&apos;s keyring ({reason}): choose a passphrase instead.</source>
        <translation>鍵をこのコンピューターのキーリングに保存できません（{reason}）。代わりにパスフレーズを使ってください。</translation>
    </message>
    <message>
        <source>The store {path} cannot be used ({reason}): close other programs that use it, and check the disk.</source>
        <translation>保管庫 {path} を使えません（{reason}）。使用中の他のプログラムを閉じ、ディスクを確かめてください。</translation>
    </message>
    <message>
        <source>The passphrase does not open the store {path}, or the file is damaged: type it again, or restore a backup.</source>
        <translation>このパスフレーズでは保管庫 {path} を開けません。または、ファイルが壊れています。もう一度入力するか、バックアップから復元してください。</translation>
    </message>
    <message>
        <source>The store is not encrypted: nothing is to be done.</source>
        <translation>保管庫は暗号化されていません。何もする必要はありません。</translation>
    </message>
    <message>
        <source>A store on a server is encrypted by the server: ask who runs it to encrypt its disk.</source>
        <translation>サーバー上の保管庫はサーバー側で暗号化します。サーバーの管理者にディスクの暗号化を依頼してください。</translation>
    </message>
    <message>
        <source>The new copy of the store differs from the old one, which stays: check the disk and try again.</source>
        <translation>保管庫の新しいコピーが元のものと異なるため、元のものを残しました。ディスクを確かめてからやり直してください。</translation>
    </message>
    <message>
        <source>{path} is missing or is not the video of this case any more: put it back, or leave the videos out.</source>
        <translation>{path} が見つからないか、この症例の動画ではなくなっています。元に戻すか、動画なしで書き出してください。</translation>
    </message>
    <message>
        <source>reading</source>
        <translation>読み込み</translation>
    </message>
    <message>
        <source>{path} is not a case archive, or it is damaged ({reason}): export the case again.</source>
        <translation>{path} は症例のファイルではないか、壊れています({reason})。症例をもう一度書き出してください。</translation>
    </message>
    <message>
        <source>The case has the format {schema}, this version reads {known}: update RoSTFine Assist.</source>
        <translation>症例の形式は {schema} ですが、このバージョンが読めるのは {known} です。RoSTFine Assist を更新してください。</translation>
    </message>
    <message>
        <source>This is not a case of a store, or it is damaged ({reason}): export it again.</source>
        <translation>保管庫の症例ではないか、壊れています({reason})。もう一度書き出してください。</translation>
    </message>
    <message>
        <source>This case was made by a newer version of the program: update RoSTFine Assist.</source>
        <translation>この症例は新しいバージョンのプログラムで作られました。RoSTFine Assist を更新してください。</translation>
    </message>
    <message>
        <source>There is a patient {pseudonym} in this store already, who may be another person: say that it is the same (--same-patient), or rename one of them.</source>
        <translation>この保管庫にはすでに患者 {pseudonym} があり、別人かもしれません。同じ人ならそう指定し(--same-patient)、別人なら一方の仮名を変えてください。</translation>
    </message>
    <message>
        <source>Sample {name} is in this store already: nothing was changed.</source>
        <translation>検体 {name} はすでにこの保管庫にあります。何も変更していません。</translation>
    </message>
    <message>
        <source>The video {name} is in another sample of this store already: nothing was changed.</source>
        <translation>動画 {name} はすでにこの保管庫の別の検体にあります。何も変更していません。</translation>
    </message>
    <message>
        <source>There are no clicks for {name}: put them beside it as {beside}, name them in a list, or give --find-all.</source>
        <translation>{name} のクリックがありません。{beside} として隣に置くか、リストに書くか、--find-all を付けてください。</translation>
    </message>
    <message>
        <source>The cluster {address} has no workers: start some.</source>
        <translation>クラスター {address} にワーカーがいません。起動してください。</translation>
    </message>
    <message>
        <source>--scheduler needs the package distributed: {advice}.</source>
        <translation>--scheduler にはパッケージ distributed が必要です。{advice}。</translation>
    </message>
    <message>
        <source>There is no Dask scheduler at {address} ({reason}): give the address that it prints when it starts, such as tcp://10.0.0.5:8786.</source>
        <translation>{address} に Dask スケジューラーがありません（{reason}）。起動時に表示されるアドレス（例 tcp://10.0.0.5:8786）を指定してください。</translation>
    </message>
    <message>
        <source>The cluster could not grade it ({error}): look at the worker&apos;s log.</source>
        <translation>クラスターで評価できませんでした（{error}）。ワーカーのログを見てください。</translation>
    </message>
    <message>
        <source>The workers of {address} cannot run this version ({what}): install RoSTFine Assist {version} there.</source>
        <translation>{address} のワーカーではこの版を実行できません（{what}）。そこに RoSTFine Assist {version} をインストールしてください。</translation>
    </message>
    <message>
        <source>{videos} video(s): {graded} sperm graded, {before} graded before, {failures} failure(s).</source>
        <translation>動画 {videos} 本。今回評価した精子 {graded}、以前に評価した精子 {before}、失敗 {failures}。</translation>
    </message>
    <message>
        <source>Graded again after their report, which is out of date now: {videos}. Write or amend their reports.</source>
        <translation>レポートの後で評価し直したため、次の動画のレポートは古くなりました：{videos}。レポートを書き直すか訂正してください。</translation>
    </message>
    <message>
        <source>Something went wrong inside the program ({error}): report it.</source>
        <translation>プログラムの内部で問題が起きました（{error}）。報告してください。</translation>
    </message>
    <message>
        <source>The process that graded {name} was ended, perhaps for lack of memory: close other programs or use fewer --jobs.</source>
        <translation>{name} を評価していたプロセスが終了しました。メモリ不足かもしれません。ほかのプログラムを閉じるか、--jobs を減らしてください。</translation>
    </message>
    <message>
        <source>Cannot read the folder {folder} ({reason}): check its name and that you may read it.</source>
        <translation>フォルダー {folder} を読めません（{reason}）。名前と読み取りの権限を確かめてください。</translation>
    </message>
    <message>
        <source>In {count} of {total} frames, first in frame {first}, the sperm lies on the dark rim of the field of view and is not wholly seen: choose another, or record it again in the middle.</source>
        <translation>{total} フレーム中 {count} フレーム（最初はフレーム {first}）で、精子が視野の暗い縁の上にあり、全体が見えません。別の精子を選ぶか、中央に置いて録画し直してください。</translation>
    </message>
    <message>
        <source>In {count} of {total} frames the crop reaches over the dark rim of the field of view (up to {share:.0%} of it is dark).</source>
        <translation>{total} フレーム中 {count} フレームで、切り出しが視野の暗い縁を越えています（最大 {share:.0%} が暗い部分です）。</translation>
    </message>
    <message>
        <source>backing up</source>
        <translation>バックアップ中</translation>
    </message>
    <message>
        <source>checking the store</source>
        <translation>保管庫を検査中</translation>
    </message>
    <message>
        <source>{path} states no scale: give a number with --um-per-px or in the list.</source>
        <translation>{path} に倍率の情報がありません。--um-per-px か一覧で数値を指定してください。</translation>
    </message>
    <message>
        <source>The store keeps no files of version {version}: write the report again.</source>
        <translation>保管庫には版 {version} のファイルがありません。レポートをもう一度書いてください。</translation>
    </message>
    <message>
        <source>The files of version {version} are damaged: restore a backup of the store.</source>
        <translation>版 {version} のファイルが壊れています。保管庫のバックアップを復元してください。</translation>
    </message>
    <message>
        <source>The sample&apos;s report would be another than version {version} now: write it again, look at it, then sign it.</source>
        <translation>いま作成するとバージョン {version} とは異なるレポートになります。書き直し、内容を確認してから署名してください。</translation>
    </message>
    <message>
        <source>Ranges</source>
        <translation>範囲</translation>
    </message>
    <message>
        <source>Calibration</source>
        <translation>較正</translation>
    </message>
    <message>
        <source>The head shows less fine detail than in training (ratio of fine to coarse structure {value:.2g}, there {low:.2g} or more): focus on it, and record without smoothing.</source>
        <translation>頭部の細かい構造が学習時より少なくなっています（細かい構造と粗い構造の比 {value:.2g}、学習時は {low:.2g} 以上）。ピントを合わせ、平滑化をかけずに録画してください。</translation>
    </message>
    <message>
        <source>The head shows harsher detail than in training (ratio of fine to coarse structure {value:.2g}, there {high:.2g} or less): switch off sharpening in the camera.</source>
        <translation>頭部の細かい構造が学習時より強くなっています（細かい構造と粗い構造の比 {value:.2g}、学習時は {high:.2g} 以下）。カメラの輪郭強調を切ってください。</translation>
    </message>
    <message>
        <source>The picture is noisier than in training ({value:.0%} of its contrast, there {high:.0%} or less): use more light or a longer exposure.</source>
        <translation>画像の雑音が学習時より多くなっています（コントラストの {value:.0%}、学習時は {high:.0%} 以下）。光を強くするか、露光を長くしてください。</translation>
    </message>
    <message>
        <source>The head stands out less than in training (by {value:.0%} of the light, there {low:.0%} or more): adjust condenser and focus.</source>
        <translation>頭部が学習時ほど目立ちません（光の {value:.0%}、学習時は {low:.0%} 以上）。コンデンサーとピントを調整してください。</translation>
    </message>
    <message>
        <source>The head is darker against its surroundings than in training ({value:+.1f}, there {low:+.1f} or more): use the illumination of the training videos.</source>
        <translation>頭部が周囲に対して学習時より暗くなっています（{value:+.1f}、学習時は {low:+.1f} 以上）。学習時の動画と同じ照明を使ってください。</translation>
    </message>
    <message>
        <source>The head is brighter against its surroundings than in training ({value:+.1f}, there {high:+.1f} or less): use the illumination of the training videos, not inverted.</source>
        <translation>頭部が周囲に対して学習時より明るくなっています（{value:+.1f}、学習時は {high:+.1f} 以下）。学習時の動画と同じ照明を使い、明暗を反転しないでください。</translation>
    </message>
    <message>
        <source>The head is {value:.0f} px long in the clip, in training it was {low:.0f} px or more: check the scale, or use a higher magnification.</source>
        <translation>切り抜きの頭部の長さは {value:.0f} px で、学習時は {low:.0f} px 以上でした。縮尺を確かめるか、より高い倍率を使ってください。</translation>
    </message>
    <message>
        <source>The head is {value:.0f} px long in the clip, in training it was {high:.0f} px or less: check the scale, or use a lower magnification.</source>
        <translation>切り抜きの頭部の長さは {value:.0f} px で、学習時は {high:.0f} px 以下でした。縮尺を確かめるか、より低い倍率を使ってください。</translation>
    </message>
    <message>
        <source>The head lies {value:.0%} of its length beside the middle of the crop, in training {high:.0%} or less: correct its track, so that the crops follow the head.</source>
        <translation>頭部が切り出し画像の中央から頭部長の {value:.0%} ずれています（学習時は {high:.0%} 以下）。切り出しが頭部を追うように、軌跡を修正してください。</translation>
    </message>
    <message>
        <source>Nothing like a tail stands out beside the head ({value:.2g} of the contrast, in training {low:.2g} or more): check that this is a sperm, and focus on it.</source>
        <translation>頭部のそばに尾部らしいものが見えません（コントラストの {value:.2g}、学習時は {low:.2g} 以上）。精子であることを確かめ、ピントを合わせてください。</translation>
    </message>
    <message>
        <source>The clip spans {value:.1f} s, those of the training {low:.1f} s or more: record or follow the sperm for longer.</source>
        <translation>切り抜きは {value:.1f} 秒間で、学習時は {low:.1f} 秒以上でした。精子をより長く録画するか追跡してください。</translation>
    </message>
    <message>
        <source>The video has {value:.4g} different frames per second, the training videos had {low:.4g} or more.</source>
        <translation>動画の異なるフレームは毎秒 {value:.4g} 枚で、学習時の動画は {low:.4g} 枚以上でした。</translation>
    </message>
    <message>
        <source>The video has {value:.4g} different frames per second, the training videos had {high:.4g} or less.</source>
        <translation>動画の異なるフレームは毎秒 {value:.4g} 枚で、学習時の動画は {high:.4g} 枚以下でした。</translation>
    </message>
    <message>
        <source>the length of the head</source>
        <translation>頭部の長さ</translation>
    </message>
    <message>
        <source>the form of the head</source>
        <translation>頭部の形</translation>
    </message>
    <message>
        <source>the head&apos;s edge</source>
        <translation>頭部の輪郭</translation>
    </message>
    <message>
        <source>the contrast</source>
        <translation>コントラスト</translation>
    </message>
    <message>
        <source>how bright the head is</source>
        <translation>頭部の明るさ</translation>
    </message>
    <message>
        <source>the tail</source>
        <translation>尾部</translation>
    </message>
    <message>
        <source>the inside of the head</source>
        <translation>頭部の内側</translation>
    </message>
    <message>
        <source>the neck</source>
        <translation>頸部</translation>
    </message>
    <message>
        <source>what lies beside the head</source>
        <translation>頭部の周囲</translation>
    </message>
    <message>
        <source>the texture of the whole crop</source>
        <translation>切り抜き全体の模様</translation>
    </message>
    <message>
        <source>the texture of the head</source>
        <translation>頭部の模様</translation>
    </message>
    <message>
        <source>the picture</source>
        <translation>画像</translation>
    </message>
    <message>
        <source>The clip looks unlike those of the training (distance {far:.1f}, there {farthest:.1f} or less), most of all in {most}: check that this is a sperm, and that focus, light and magnification are those of the training.</source>
        <translation>切り抜きの見え方が学習時と違います（距離 {far:.1f}、学習時は {farthest:.1f} 以下）。最も違うのは{most}です。精子であること、ピント、光、倍率が学習時と同じことを確かめてください。</translation>
    </message>
</context>
<context>
    <name>AboutDialog</name>
    <message>
        <source>About RoSTFine Assist</source>
        <translation>RoSTFine Assist について</translation>
    </message>
    <message>
        <source>Versions</source>
        <translation>バージョン</translation>
    </message>
    <message>
        <source>Model card</source>
        <translation>モデルカード</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>ライセンス</translation>
    </message>
    <message>
        <source>File</source>
        <translation>ファイル</translation>
    </message>
    <message>
        <source>Trained on</source>
        <translation>学習データ</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>デバイス</translation>
    </message>
    <message>
        <source>, {count:,} clips</source>
        <translation>、クリップ {count:,} 本</translation>
    </message>
    <message>
        <source>, {count:,} samples</source>
        <translation>、検体 {count:,} 件</translation>
    </message>
    <message>
        <source>RoSTFine Assist is under the Apache License 2.0. It uses:</source>
        <translation>RoSTFine Assist は Apache License 2.0 で提供されます。使用しているもの:</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;File</source>
        <translation>ファイル(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>編集(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>表示(&amp;V)</translation>
    </message>
    <message>
        <source>V&amp;ideo</source>
        <translation>動画(&amp;I)</translation>
    </message>
    <message>
        <source>&amp;Analysis</source>
        <translation>解析(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>ヘルプ(&amp;H)</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>開く</translation>
    </message>
    <message>
        <source>Open a microscope video</source>
        <translation>顕微鏡動画を開きます</translation>
    </message>
    <message>
        <source>Cases</source>
        <translation>症例</translation>
    </message>
    <message>
        <source>Find and open again what is kept</source>
        <translation>保存されたものを探して再び開きます</translation>
    </message>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>Note patient, times and the laboratory&apos;s own analysis</source>
        <translation>患者、日時、検査室独自の分析を記録します</translation>
    </message>
    <message>
        <source>Export report</source>
        <translation>レポートを書き出す</translation>
    </message>
    <message>
        <source>Write the sample&apos;s PDF, CSV and one folder for each sperm</source>
        <translation>検体の PDF、CSV と精子ごとのフォルダーを書き出します</translation>
    </message>
    <message>
        <source>Overlay video</source>
        <translation>重ね描き動画</translation>
    </message>
    <message>
        <source>Write a video of the selected sperm with its head ringed and its path</source>
        <translation>選択した精子の頭部に輪と軌跡を付けた動画を書きます</translation>
    </message>
    <message>
        <source>Export case</source>
        <translation>症例を書き出す</translation>
    </message>
    <message>
        <source>Write the sample with all its results to a file for another installation</source>
        <translation>検体をすべての結果とともに、別の環境のためのファイルに書きます</translation>
    </message>
    <message>
        <source>Import case</source>
        <translation>症例を取り込む</translation>
    </message>
    <message>
        <source>Take a case from such a file into the store</source>
        <translation>そのファイルの症例を保管庫に取り込みます</translation>
    </message>
    <message>
        <source>Export all cases</source>
        <translation>すべての症例を書き出す</translation>
    </message>
    <message>
        <source>Write all cases into one table, a row for each sperm</source>
        <translation>すべての症例を一つの表に書きます。精子ごとに一行です</translation>
    </message>
    <message>
        <source>Sign report</source>
        <translation>レポートに署名</translation>
    </message>
    <message>
        <source>Sign the newest version of the sample&apos;s report, or amend a signed one</source>
        <translation>検体のレポートの最新版に署名します。署名済みの版は訂正できます</translation>
    </message>
    <message>
        <source>Open the report&apos;s folder</source>
        <translation>レポートのフォルダーを開く</translation>
    </message>
    <message>
        <source>Show the exported files</source>
        <translation>書き出したファイルを表示します</translation>
    </message>
    <message>
        <source>Screenshot</source>
        <translation>スクリーンショット</translation>
    </message>
    <message>
        <source>Save a picture of the window</source>
        <translation>ウィンドウの画像を保存します</translation>
    </message>
    <message>
        <source>Operators</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Who may sign in to the case store, and with which role</source>
        <translation>保管庫にサインインできる人とその役割を管理します</translation>
    </message>
    <message>
        <source>Audit trail</source>
        <translation>監査証跡</translation>
    </message>
    <message>
        <source>Who did what when, and whether it was changed since</source>
        <translation>だれがいつ何をしたか、記録が後から変更されていないかを示します</translation>
    </message>
    <message>
        <source>Change my passphrase</source>
        <translation>パスフレーズの変更</translation>
    </message>
    <message>
        <source>Sign in with another passphrase from now on</source>
        <translation>次回から別のパスフレーズでサインインします</translation>
    </message>
    <message>
        <source>Backups</source>
        <translation>バックアップ</translation>
    </message>
    <message>
        <source>Back up the case store, restore it, and check it</source>
        <translation>症例の保管庫のバックアップ、復元、検査</translation>
    </message>
    <message>
        <source>Lock</source>
        <translation>ロック</translation>
    </message>
    <message>
        <source>Hide everything until somebody signs in</source>
        <translation>だれかがサインインするまで、すべてを隠します</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>設定</translation>
    </message>
    <message>
        <source>Appearance, workflow, model and memory</source>
        <translation>外観、作業、モデル、メモリー</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>終了</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>ウィンドウを閉じます</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>元に戻す</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>やり直す</translation>
    </message>
    <message>
        <source>Next sperm</source>
        <translation>次の精子</translation>
    </message>
    <message>
        <source>Previous sperm</source>
        <translation>前の精子</translation>
    </message>
    <message>
        <source>Undo the last edit</source>
        <translation>直前の編集を取り消します</translation>
    </message>
    <message>
        <source>Redo the edit that was undone</source>
        <translation>編集をもう一度行います</translation>
    </message>
    <message>
        <source>Copy numbers</source>
        <translation>数値をコピー</translation>
    </message>
    <message>
        <source>Copy the numbers of the selected sperm as text</source>
        <translation>選択中の精子の数値を文字としてコピーします</translation>
    </message>
    <message>
        <source>Select the next sperm in the list</source>
        <translation>一覧の次の精子を選びます</translation>
    </message>
    <message>
        <source>Select the previous sperm in the list</source>
        <translation>一覧の前の精子を選びます</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>名前を変更</translation>
    </message>
    <message>
        <source>Give the selected sperm another name</source>
        <translation>選択した精子の名前を変えます</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>上へ移動</translation>
    </message>
    <message>
        <source>Move the selected sperm up in the list</source>
        <translation>選択した精子を一覧で上へ移します</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>下へ移動</translation>
    </message>
    <message>
        <source>Move the selected sperm down in the list</source>
        <translation>選択した精子を一覧で下へ移します</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>削除</translation>
    </message>
    <message>
        <source>Remove the selected sperm; undo brings it back</source>
        <translation>選択した精子を削除します。元に戻すで復元できます</translation>
    </message>
    <message>
        <source>Find all sperm</source>
        <translation>すべての精子を検出</translation>
    </message>
    <message>
        <source>Find every sperm head in this frame</source>
        <translation>このフレームにある精子の頭部をすべて検出します</translation>
    </message>
    <message>
        <source>Track</source>
        <translation>追跡</translation>
    </message>
    <message>
        <source>Follow every sperm that has no track yet</source>
        <translation>まだ追跡していないすべての精子を追跡します</translation>
    </message>
    <message>
        <source>Grade</source>
        <translation>評価</translation>
    </message>
    <message>
        <source>Grade every sperm that has no grade yet, in one batch</source>
        <translation>まだ評価していないすべての精子をまとめて評価します</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>中止</translation>
    </message>
    <message>
        <source>Stop what is running; finished results are kept</source>
        <translation>実行中の作業を止めます。完了したものは失われません</translation>
    </message>
    <message>
        <source>Accept track</source>
        <translation>軌跡を承認</translation>
    </message>
    <message>
        <source>The track follows the sperm</source>
        <translation>軌跡は精子を正しく追っています</translation>
    </message>
    <message>
        <source>Reject track</source>
        <translation>軌跡を却下</translation>
    </message>
    <message>
        <source>The track is wrong: the sperm is neither graded nor reported</source>
        <translation>軌跡が誤っています。この精子は評価もレポートもされません</translation>
    </message>
    <message>
        <source>Chosen</source>
        <translation>採用</translation>
    </message>
    <message>
        <source>The selected sperm was chosen for injection</source>
        <translation>選択中の精子を注入に採用しました</translation>
    </message>
    <message>
        <source>Not chosen</source>
        <translation>不採用</translation>
    </message>
    <message>
        <source>The selected sperm was not chosen</source>
        <translation>選択中の精子を採用しませんでした</translation>
    </message>
    <message>
        <source>Undecided</source>
        <translation>未定</translation>
    </message>
    <message>
        <source>It is not decided whether the selected sperm is chosen</source>
        <translation>選択中の精子の採否は未定です</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>メモ</translation>
    </message>
    <message>
        <source>Write a note on the selected sperm</source>
        <translation>選択中の精子にメモを書きます</translation>
    </message>
    <message>
        <source>Make results again</source>
        <translation>結果を作り直す</translation>
    </message>
    <message>
        <source>Make the kept results again, and say whether they are equal</source>
        <translation>保存された結果を作り直し、同じかどうかを示します</translation>
    </message>
    <message>
        <source>Select sperm</source>
        <translation>精子を選択</translation>
    </message>
    <message>
        <source>Click a sperm&apos;s head to choose it</source>
        <translation>精子の頭部をクリックして選びます</translation>
    </message>
    <message>
        <source>Correct track</source>
        <translation>軌跡を修正</translation>
    </message>
    <message>
        <source>Click where the selected sperm&apos;s head really is in this frame</source>
        <translation>このフレームで選択した精子の頭部が実際にある位置をクリックします</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>計測</translation>
    </message>
    <message>
        <source>Drag a line to measure a length</source>
        <translation>線を引いて長さを測ります</translation>
    </message>
    <message>
        <source>Set the scale</source>
        <translation>縮尺の設定</translation>
    </message>
    <message>
        <source>Drag a line over a stage micrometer and type its length in µm</source>
        <translation>対物マイクロメーターの上に線を引き、その長さを µm で入力します</translation>
    </message>
    <message>
        <source>Panels</source>
        <translation>パネル</translation>
    </message>
    <message>
        <source>Vote on graded sperm as a panel, each alone and blind</source>
        <translation>評価済みの精子に、パネルとして一人ずつ盲検で投票します</translation>
    </message>
    <message>
        <source>Blind review</source>
        <translation>盲検レビュー</translation>
    </message>
    <message>
        <source>Grade what somebody else graded, before seeing what the model says</source>
        <translation>別の担当者が評価した精子を、モデルの答えを見る前に評価します</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>再生</translation>
    </message>
    <message>
        <source>Play or pause</source>
        <translation>再生または一時停止</translation>
    </message>
    <message>
        <source>Back one frame</source>
        <translation>1 フレーム戻る</translation>
    </message>
    <message>
        <source>Forward one frame</source>
        <translation>1 フレーム進む</translation>
    </message>
    <message>
        <source>Back ten frames</source>
        <translation>10 フレーム戻る</translation>
    </message>
    <message>
        <source>Go ten frames back</source>
        <translation>10 フレーム前へ移動します</translation>
    </message>
    <message>
        <source>Forward ten frames</source>
        <translation>10 フレーム進む</translation>
    </message>
    <message>
        <source>Show the previous frame</source>
        <translation>前のフレームを表示します</translation>
    </message>
    <message>
        <source>Show the next frame</source>
        <translation>次のフレームを表示します</translation>
    </message>
    <message>
        <source>Go ten frames forward</source>
        <translation>10 フレーム先へ移動します</translation>
    </message>
    <message>
        <source>Next doubtful stretch</source>
        <translation>次の疑わしい区間</translation>
    </message>
    <message>
        <source>Go to where the track should be checked next</source>
        <translation>次に追跡を確認すべき位置へ移動します</translation>
    </message>
    <message>
        <source>Previous doubtful stretch</source>
        <translation>前の疑わしい区間</translation>
    </message>
    <message>
        <source>Go back to where the track should be checked</source>
        <translation>追跡を確認すべき前の位置へ戻ります</translation>
    </message>
    <message>
        <source>First frame</source>
        <translation>最初のフレーム</translation>
    </message>
    <message>
        <source>Go to the first frame</source>
        <translation>最初のフレームへ移動します</translation>
    </message>
    <message>
        <source>Last frame</source>
        <translation>最後のフレーム</translation>
    </message>
    <message>
        <source>Go to the last frame</source>
        <translation>最後のフレームへ移動します</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>遅く</translation>
    </message>
    <message>
        <source>Play at half the speed</source>
        <translation>半分の速さで再生します</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>速く</translation>
    </message>
    <message>
        <source>Play at twice the speed, up to the recorded speed</source>
        <translation>2 倍の速さで再生します(録画時の速さまで)</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>確認</translation>
    </message>
    <message>
        <source>The video, its sperm and their grades</source>
        <translation>動画、精子、評価</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>比較</translation>
    </message>
    <message>
        <source>All sperm of the sample in a table and side by side</source>
        <translation>検体のすべての精子を表と並列表示で比べます</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>レポート</translation>
    </message>
    <message>
        <source>Preview and export the sample&apos;s report</source>
        <translation>検体のレポートをプレビューして書き出します</translation>
    </message>
    <message>
        <source>Attention strip</source>
        <translation>注意マップの帯</translation>
    </message>
    <message>
        <source>Show or fold the frames that the network saw</source>
        <translation>ネットワークが見たフレームの帯を開閉します</translation>
    </message>
    <message>
        <source>No overlay</source>
        <translation>重ね表示なし</translation>
    </message>
    <message>
        <source>Show the frames only</source>
        <translation>フレームだけを表示します</translation>
    </message>
    <message>
        <source>Encoder rollout</source>
        <translation>エンコーダーのロールアウト</translation>
    </message>
    <message>
        <source>Where the whole encoder looked</source>
        <translation>エンコーダー全体が見た場所</translation>
    </message>
    <message>
        <source>Branch attention</source>
        <translation>ブランチの注意</translation>
    </message>
    <message>
        <source>Selected patches</source>
        <translation>選択されたパッチ</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>拡大</translation>
    </message>
    <message>
        <source>Show the video larger</source>
        <translation>動画を大きく表示します</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>縮小</translation>
    </message>
    <message>
        <source>Show the video smaller</source>
        <translation>動画を小さく表示します</translation>
    </message>
    <message>
        <source>Whole frame</source>
        <translation>フレーム全体</translation>
    </message>
    <message>
        <source>Fit the whole video into the view</source>
        <translation>動画を表示領域に合わせます</translation>
    </message>
    <message>
        <source>Show one video pixel per screen pixel</source>
        <translation>動画の 1 ピクセルを画面の 1 ピクセルで表示します</translation>
    </message>
    <message>
        <source>Switch between the dark and the light theme</source>
        <translation>ダークテーマとライトテーマを切り替えます</translation>
    </message>
    <message>
        <source>Fill the whole screen, or return to a window</source>
        <translation>全画面表示を切り替えます</translation>
    </message>
    <message>
        <source>Actual pixels</source>
        <translation>実際のピクセル</translation>
    </message>
    <message>
        <source>The spatial branch&apos;s last attention over its input, as the official code draws it; the attention that graded can differ</source>
        <translation>公式コードと同じ描き方による、入力に対する空間ブランチ最後の注意。評価を計算した注意とは異なることがあります</translation>
    </message>
    <message>
        <source>The patches that the network selected, coloured by the branch attention</source>
        <translation>ネットワークが選択したパッチ(色はブランチの注意)</translation>
    </message>
    <message>
        <source>Attention that graded</source>
        <translation>評価を計算した注意</translation>
    </message>
    <message>
        <source>The spatial branch&apos;s last attention in the pass that graded: each patch then holds a mixture of all selected ones</source>
        <translation>評価の計算での空間ブランチ最後の注意。各パッチには選択された全パッチの情報が混ざっています</translation>
    </message>
    <message>
        <source>Dark or light</source>
        <translation>ダーク／ライト</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>全画面</translation>
    </message>
    <message>
        <source>Manual</source>
        <translation>マニュアル</translation>
    </message>
    <message>
        <source>How to use the program, and its limits</source>
        <translation>使い方とその限界</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>ツアー</translation>
    </message>
    <message>
        <source>Be shown around on the demonstration video</source>
        <translation>デモ動画で画面を案内します</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>ショートカット</translation>
    </message>
    <message>
        <source>All actions with their keys</source>
        <translation>すべての操作とキー</translation>
    </message>
    <message>
        <source>About</source>
        <translation>このソフトについて</translation>
    </message>
    <message>
        <source>Versions, model card and licences</source>
        <translation>バージョン、モデルカード、ライセンス</translation>
    </message>
    <message>
        <source>Show the log</source>
        <translation>ログを表示</translation>
    </message>
    <message>
        <source>Open the folder with the crash log</source>
        <translation>クラッシュログのフォルダーを開きます</translation>
    </message>
    <message>
        <source>Add videos to the worklist</source>
        <translation>動画を作業リストに追加</translation>
    </message>
    <message>
        <source>Work through several videos, one after the other</source>
        <translation>複数の動画を順に処理します</translation>
    </message>
    <message>
        <source>Add a folder to the worklist</source>
        <translation>フォルダーを作業リストに追加</translation>
    </message>
    <message>
        <source>Add all recordings in a folder and those below it</source>
        <translation>フォルダーとその下のすべての録画を追加します</translation>
    </message>
    <message>
        <source>Watch a folder</source>
        <translation>フォルダーを監視</translation>
    </message>
    <message>
        <source>Add new recordings as soon as they are written</source>
        <translation>新しい録画を書き込みが終わり次第追加します</translation>
    </message>
    <message>
        <source>Next video of the worklist</source>
        <translation>作業リストの次の動画</translation>
    </message>
    <message>
        <source>Open the next video; its sample stays until changed</source>
        <translation>次の動画を開きます。検体は変更するまで引き継がれます</translation>
    </message>
    <message>
        <source>Previous video of the worklist</source>
        <translation>作業リストの前の動画</translation>
    </message>
    <message>
        <source>Open the video before</source>
        <translation>前の動画を開きます</translation>
    </message>
    <message>
        <source>Clear the worklist</source>
        <translation>作業リストを空にする</translation>
    </message>
    <message>
        <source>Take all videos off the list; their cases stay</source>
        <translation>すべての動画をリストから外します。症例は残ります</translation>
    </message>
</context>
<context>
    <name>AuditDialog</name>
    <message>
        <source>No.</source>
        <translation>番号</translation>
    </message>
    <message>
        <source>Local time</source>
        <translation>現地時刻</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Of</source>
        <translation>対象</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>理由</translation>
    </message>
    <message>
        <source>Audit trail</source>
        <translation>監査証跡</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>検索</translation>
    </message>
    <message>
        <source>Show older</source>
        <translation>古い記録を表示</translation>
    </message>
    <message>
        <source>The selected entry</source>
        <translation>選択した記録</translation>
    </message>
    <message>
        <source>hash on a report, if one is to be looked for</source>
        <translation>レポートに記載のハッシュ（探す場合のみ）</translation>
    </message>
    <message>
        <source>Hash on a report</source>
        <translation>レポートに記載のハッシュ</translation>
    </message>
    <message>
        <source>Check the trail</source>
        <translation>証跡を検査</translation>
    </message>
    <message>
        <source>Each entry carries a hash of the one before. A report carries the hash of the newest entry when it was made, so that a trail that was cut or replaced is found out.</source>
        <translation>各記録は、一つ前の記録のハッシュを含みます。レポートは作成時の最新の記録のハッシュを含むため、証跡が切り取られたり置き換えられたりすると分かります。</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>変更前</translation>
    </message>
    <message>
        <source>After</source>
        <translation>変更後</translation>
    </message>
    <message>
        <source>UTC</source>
        <translation>UTC</translation>
    </message>
    <message>
        <source>Hash</source>
        <translation>ハッシュ</translation>
    </message>
</context>
<context>
    <name>Backups</name>
    <message>
        <source>The backup is {path}.</source>
        <translation>バックアップは {path} です。</translation>
    </message>
    <message>
        <source>The store and its audit trail are whole.</source>
        <translation>保管庫と監査証跡に異常はありません。</translation>
    </message>
    <message>
        <source>The store is as in the backup; what it was before is in {path}.</source>
        <translation>保管庫をバックアップの内容に戻しました。それまでの内容は {path} にあります。</translation>
    </message>
    <message>
        <source>This is being done already: wait until it is finished.</source>
        <translation>実行中です。終わるまでお待ちください。</translation>
    </message>
</context>
<context>
    <name>BackupsDialog</name>
    <message>
        <source>daily</source>
        <translation>毎日</translation>
    </message>
    <message>
        <source>by hand</source>
        <translation>手動</translation>
    </message>
    <message>
        <source>before another was restored</source>
        <translation>復元の前</translation>
    </message>
    <message>
        <source>Backups</source>
        <translation>バックアップ</translation>
    </message>
    <message>
        <source>Back up now</source>
        <translation>今すぐバックアップ</translation>
    </message>
    <message>
        <source>Restore …</source>
        <translation>復元 …</translation>
    </message>
    <message>
        <source>Check the store</source>
        <translation>保管庫を検査</translation>
    </message>
    <message>
        <source>The store is backed up once a day and before a new version of the program changes its form. Keep copies of these files on another disk.</source>
        <translation>保管庫は 1 日 1 回、また新しい版のプログラムが形式を変える前にバックアップされます。これらのファイルを別のディスクにも写してください。</translation>
    </message>
    <message>
        <source>before a new version</source>
        <translation>新しい版の前</translation>
    </message>
    <message>
        <source>The store is being backed up …</source>
        <translation>保管庫をバックアップしています …</translation>
    </message>
    <message>
        <source>The store is being read …</source>
        <translation>保管庫を読み込んでいます …</translation>
    </message>
    <message>
        <source>The store is being restored …</source>
        <translation>保管庫を復元しています …</translation>
    </message>
    <message>
        <source>Restore {backup}?</source>
        <translation>{backup} を復元しますか？</translation>
    </message>
    <message>
        <source>Everything that was done since then is taken back, for everybody who uses the store. It is backed up first.</source>
        <translation>それ以降に行われたことは、保管庫を使う全員についてすべて取り消されます。先に今の内容がバックアップされます。</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>復元</translation>
    </message>
</context>
<context>
    <name>BlindReviewDialog</name>
    <message>
        <source>Blind review</source>
        <translation>盲検レビュー</translation>
    </message>
    <message>
        <source>Videos to review</source>
        <translation>レビューする動画</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>レビュー</translation>
    </message>
    <message>
        <source>You grade each sperm before you see what the model expects. Videos that you graded yourself are left out. The window behind is hidden meanwhile.</source>
        <translation>モデルの予測を見る前に、精子を一つずつ評価します。自分で評価した動画は除かれます。その間、後ろのウィンドウは隠れます。</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>次へ</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>戻る</translation>
    </message>
    <message>
        <source>{sample}, {video}: {left} sperm</source>
        <translation>{sample}、{video}: 精子 {left} 個</translation>
    </message>
    <message>
        <source>All sperm of this video are reviewed.</source>
        <translation>この動画の精子はすべてレビュー済みです。</translation>
    </message>
    <message>
        <source>{left} sperm left</source>
        <translation>残り {left} 個</translation>
    </message>
    <message>
        <source>You gave {grade} ({value}); the model expects {expected:.1f} of a panel, from 1 for A to 5 for E.</source>
        <translation>あなたの評価は {grade}（{value}）です。モデルが予測するパネルの平均は {expected:.1f} です（A は 1、E は 5）。</translation>
    </message>
    <message>
        <source>The newest reviews</source>
        <translation>最近のレビュー</translation>
    </message>
    <message>
        <source>Those before</source>
        <translation>その前のレビュー</translation>
    </message>
    <message>
        <source>{when} ({count}): {distance:.1f} grades apart in the mean, {within:.0%} by less than one.</source>
        <translation>{when}（{count} 件）: 平均の差は {distance:.1f} 段階、差が 1 段階未満のものは {within:.0%}。</translation>
    </message>
</context>
<context>
    <name>Candidate</name>
    <message>
        <source>Film of {name}</source>
        <translation>{name} の動画</translation>
    </message>
    <message>
        <source>{headline} · {expected}: {grade:.2f} (1 best, 5 worst)</source>
        <translation>{headline} · {expected}: {grade:.2f} (1 が最良、5 が最低)</translation>
    </message>
    <message>
        <source>Warnings: {reasons}</source>
        <translation>警告: {reasons}</translation>
    </message>
    <message>
        <source>Sperm {name}</source>
        <translation>精子 {name}</translation>
    </message>
</context>
<context>
    <name>CanvasBar</name>
    <message>
        <source>Brightness of the view</source>
        <translation>表示の明るさ</translation>
    </message>
    <message>
        <source>Contrast of the view</source>
        <translation>表示のコントラスト</translation>
    </message>
    <message>
        <source>Show the picture as it is</source>
        <translation>元の画像のまま表示します</translation>
    </message>
    <message>
        <source>Brightness and contrast of the view</source>
        <translation>表示の明るさとコントラスト</translation>
    </message>
    <message>
        <source>brightness</source>
        <translation>明るさ</translation>
    </message>
    <message>
        <source>contrast</source>
        <translation>コントラスト</translation>
    </message>
</context>
<context>
    <name>CanvasHint</name>
    <message>
        <source>Open a video, or drop one here.</source>
        <translation>動画を開くか、ここにドロップしてください。</translation>
    </message>
    <message>
        <source>Click the head of a sperm.</source>
        <translation>精子の頭部をクリックしてください。</translation>
    </message>
    <message>
        <source>Click where the selected sperm&apos;s head is in this frame.</source>
        <translation>このフレームで選択した精子の頭部がある位置をクリックしてください。</translation>
    </message>
    <message>
        <source>Drag a line to measure.</source>
        <translation>線を引いて測ってください。</translation>
    </message>
    <message>
        <source>Drag a line over a stage micrometer, as long as possible.</source>
        <translation>対物マイクロメーターの上に、できるだけ長く線を引いてください。</translation>
    </message>
    <message>
        <source>Select the sperm whose track is to be corrected.</source>
        <translation>軌跡を修正する精子を選んでください。</translation>
    </message>
    <message>
        <source>Sperm {name} is lost in this frame: press C and click its head, and it is tracked again from here.</source>
        <translation>精子 {name} はこのフレームで見失われています。C を押して頭部をクリックすると、ここから追跡し直します。</translation>
    </message>
    <message>
        <source>Attention of frame {frame}, the nearest that the network saw</source>
        <translation>ネットワークが見た最も近いフレーム {frame} の注意マップ</translation>
    </message>
</context>
<context>
    <name>CaseTable</name>
    <message>
        <source>State</source>
        <translation>状態</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>患者</translation>
    </message>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>Video</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>Graded</source>
        <translation>評価済み</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Last opened</source>
        <translation>最後に開いた日時</translation>
    </message>
    <message>
        <source>{graded} of {count}</source>
        <translation>{count} 個中 {graded} 個</translation>
    </message>
</context>
<context>
    <name>CasesDialog</name>
    <message>
        <source>Cases</source>
        <translation>症例</translation>
    </message>
    <message>
        <source>Patient, sample, operator or file</source>
        <translation>患者、検体、操作者、ファイル</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>検索</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状態</translation>
    </message>
    <message>
        <source>All states</source>
        <translation>すべての状態</translation>
    </message>
    <message>
        <source>No case is kept that fits.</source>
        <translation>該当する症例はありません。</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>開く</translation>
    </message>
</context>
<context>
    <name>ClipVote</name>
    <message>
        <source>The clip</source>
        <translation>クリップ</translation>
    </message>
    <message>
        <source>The keys A to E give the grade, too.</source>
        <translation>A～E のキーでも評価できます。</translation>
    </message>
</context>
<context>
    <name>CompareModel</name>
    <message>
        <source>Sperm</source>
        <translation>精子</translation>
    </message>
    <message>
        <source>{name}: track rejected</source>
        <translation>{name}：軌跡を却下</translation>
    </message>
    <message>
        <source>{name}: no sperm?</source>
        <translation>{name}: 精子ではない？</translation>
    </message>
</context>
<context>
    <name>ComparePage</name>
    <message>
        <source>All sperm of the sample</source>
        <translation>検体のすべての精子</translation>
    </message>
    <message>
        <source>Choose two to four rows to see them side by side; click a heading to sort.</source>
        <translation>2～4 行を選ぶと並べて表示します。見出しをクリックすると並べ替えます。</translation>
    </message>
    <message>
        <source>None of the chosen sperm has a grade.</source>
        <translation>評価のある精子が選ばれていません。</translation>
    </message>
    <message>
        <source>No sperm is chosen: choose rows of the table above.</source>
        <translation>精子が選ばれていません。上の表の行を選んでください。</translation>
    </message>
    <message>
        <source>If each got one vote, the first would be better in {better:.0%} of cases, equal in {equal:.0%} and worse in {worse:.0%}.</source>
        <translation>それぞれ 1 票ずつでは、前者の票が良い {better:.0%}、同じ {equal:.0%}、後者の票が良い {worse:.0%}。</translation>
    </message>
    <message>
        <source>{first} and {second}: {winner} is graded clearly better. {shares}</source>
        <translation>{first} と {second}: {winner} の評価が明らかに上です。{shares}</translation>
    </message>
    <message>
        <source>{first} and {second}: no clear difference. {shares}</source>
        <translation>{first} と {second}: 明らかな差はありません。{shares}</translation>
    </message>
</context>
<context>
    <name>CompareTable</name>
    <message>
        <source>A-E</source>
        <translation>A-E</translation>
    </message>
    <message>
        <source>Grade distribution; sorts by the expected grade</source>
        <translation>評価の分布。期待値で並べ替えます</translation>
    </message>
    <message>
        <source>Mean vote, A = 1 to E = 5: lower is better</source>
        <translation>平均の評価、A = 1 ～ E = 5。低いほど良い</translation>
    </message>
    <message>
        <source>Share of the panel that would vote A or B</source>
        <translation>A または B を選ぶ専門家の割合</translation>
    </message>
    <message>
        <source>In bits: 0 if all experts agree, 2.32 if votes are even</source>
        <translation>ビット。専門家が全員一致なら 0、票が均等なら 2.32</translation>
    </message>
    <message>
        <source>Spread of the expected grade over an ensemble</source>
        <translation>アンサンブルでの期待値のばらつき</translation>
    </message>
    <message>
        <source>Spread of the expected grade over views of the clip, turned and mirrored</source>
        <translation>クリップを回転・反転した視点での期待値のばらつき</translation>
    </message>
    <message>
        <source>VCL</source>
        <translation>VCL</translation>
    </message>
    <message>
        <source>Curvilinear velocity</source>
        <translation>曲線速度</translation>
    </message>
    <message>
        <source>LIN</source>
        <translation>LIN</translation>
    </message>
    <message>
        <source>Linearity</source>
        <translation>直線性</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>How many warnings there are</source>
        <translation>警告の数</translation>
    </message>
    <message>
        <source>All sperm of the sample</source>
        <translation>検体のすべての精子</translation>
    </message>
</context>
<context>
    <name>Controller</name>
    <message>
        <source>The report was not written, as changes still cannot be kept: {problem}</source>
        <translation>変更がまだ保存できないため、レポートは書き出されませんでした：{problem}</translation>
    </message>
    <message>
        <source>The video is not there, so this case can only be read: open it again.</source>
        <translation>動画がないため、この症例は閲覧のみできます。動画をもう一度開いてください。</translation>
    </message>
    <message>
        <source>You may look at cases but not change them: ask an administrator.</source>
        <translation>症例を見ることはできますが、変更する権限がありません。管理者に相談してください。</translation>
    </message>
    <message>
        <source>No further head was found in frame {frame}.</source>
        <translation>フレーム {frame} にほかの頭部は見つかりませんでした。</translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>{folder} already holds files.</source>
        <translation>{folder} にはすでにファイルがあります。</translation>
    </message>
    <message>
        <source>Export there</source>
        <translation>ここに書き出す</translation>
    </message>
    <message>
        <source>Check each once they are added: Del strikes out the selected one, Undo takes all of them back.</source>
        <translation>追加後に一つずつ確認してください。Del で選択中のものを除き、元に戻すですべて取り消せます。</translation>
    </message>
    <message>
        <source>Cancel it and close</source>
        <translation>中止して閉じる</translation>
    </message>
    <message>
        <source>{path} is not there.</source>
        <translation>{path} が見つかりません。</translation>
    </message>
    <message>
        <source>{count} changes could not be kept: {problem}</source>
        <translation>{count} 件の変更を保存できませんでした：{problem}</translation>
    </message>
    <message>
        <source>They will be lost if you continue.</source>
        <translation>続けると失われます。</translation>
    </message>
    <message>
        <source>Export and go on</source>
        <translation>書き出して続ける</translation>
    </message>
    <message>
        <source>Continue without them</source>
        <translation>書き出さずに続ける</translation>
    </message>
    <message>
        <source>To keep them, cancel, mend what hinders it, and try again in the status bar.</source>
        <translation>保存するには、中止して原因を取り除き、ステータスバーで再試行してください。</translation>
    </message>
    <message>
        <source>Name of the sample</source>
        <translation>検体の名前</translation>
    </message>
    <message>
        <source>Give the sample a pseudonym: the report is named after it.</source>
        <translation>検体に仮名を付けてください。レポートはその名前になります。</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>書き出す</translation>
    </message>
    <message>
        <source>If you continue, a report among them is replaced; other files stay.</source>
        <translation>続けると、その中のレポートは置き換えられます。ほかのファイルは残ります。</translation>
    </message>
    <message>
        <source>{count} sperm heads were found that are not in the list yet.</source>
        <translation>一覧にない精子の頭部が {count} 個見つかりました。</translation>
    </message>
    <message>
        <source>Add them</source>
        <translation>追加する</translation>
    </message>
    <message>
        <source>A task is still running.</source>
        <translation>作業が実行中です。</translation>
    </message>
    <message>
        <source>Closing cancels it; files that are already written stay.</source>
        <translation>閉じると中止されます。ディスクに保存済みのものは残ります。</translation>
    </message>
    <message>
        <source>Do you want to look for it?</source>
        <translation>場所を指定しますか?</translation>
    </message>
    <message>
        <source>Find it …</source>
        <translation>探す…</translation>
    </message>
    <message>
        <source>Read what is kept of it</source>
        <translation>保存された内容を閲覧</translation>
    </message>
    <message>
        <source>Add videos</source>
        <translation>動画を追加</translation>
    </message>
    <message>
        <source>Videos</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>すべてのファイル</translation>
    </message>
    <message>
        <source>Open a video</source>
        <translation>動画を開く</translation>
    </message>
    <message>
        <source>RoSTFine Assist</source>
        <translation>RoSTFine Assist</translation>
    </message>
    <message>
        <source>This is a bug in the program; Help &gt; Show the log has the details.</source>
        <translation>プログラムの不具合です。詳細は「ヘルプ」の「ログを表示」にあります。</translation>
    </message>
</context>
<context>
    <name>Editor</name>
    <message>
        <source>This is sperm {name}, which is chosen already.</source>
        <translation>これは既に選択されている精子 {name} です。</translation>
    </message>
    <message>
        <source>No head stands out here, so nothing was chosen. Click a head, or hold Shift to choose this place anyway.</source>
        <translation>ここには頭部が見分けられないため、何も選ばれませんでした。頭部をクリックするか、Shift を押しながらクリックしてこの位置を選びます。</translation>
    </message>
    <message>
        <source>Placed by hand: this place on the head is followed.</source>
        <translation>手動で指定しました。頭部のこの位置を追跡します。</translation>
    </message>
    <message>
        <source>Choose sperm</source>
        <translation>精子の選択</translation>
    </message>
    <message>
        <source>Correct track</source>
        <translation>軌跡を修正</translation>
    </message>
    <message>
        <source>No head stands out here: this place is followed, as placed by hand.</source>
        <translation>ここにはっきりした頭部はありません。手で置いた位置として、ここを追跡します。</translation>
    </message>
    <message>
        <source>Select the sperm whose track is to be corrected.</source>
        <translation>軌跡を修正する精子を選んでください。</translation>
    </message>
    <message>
        <source>A sperm&apos;s name must not be empty or used twice: choose another.</source>
        <translation>精子の名前は空や重複にできません。別の名前にしてください。</translation>
    </message>
    <message>
        <source>Rename sperm</source>
        <translation>精子の名前変更</translation>
    </message>
    <message>
        <source>Reorder sperm</source>
        <translation>精子の並べ替え</translation>
    </message>
    <message>
        <source>Remove sperm</source>
        <translation>精子の削除</translation>
    </message>
    <message>
        <source>Accept track</source>
        <translation>軌跡を承認</translation>
    </message>
    <message>
        <source>Reject track</source>
        <translation>軌跡を却下</translation>
    </message>
    <message>
        <source>Decide on sperm</source>
        <translation>精子の採否</translation>
    </message>
    <message>
        <source>Write note</source>
        <translation>メモの記入</translation>
    </message>
    <message>
        <source>Name sample</source>
        <translation>検体名の入力</translation>
    </message>
    <message>
        <source>Name operator</source>
        <translation>担当者名の入力</translation>
    </message>
    <message>
        <source>Change calibration</source>
        <translation>校正の変更</translation>
    </message>
</context>
<context>
    <name>FilmFrames</name>
    <message>
        <source>The clip&apos;s frames; the network saw the bright ones</source>
        <translation>クリップのフレーム。明るいものがネットワークの見たフレームです</translation>
    </message>
</context>
<context>
    <name>FilmStrip</name>
    <message>
        <source>Opacity</source>
        <translation>不透明度</translation>
    </message>
    <message>
        <source>How strongly attention covers the picture</source>
        <translation>注意マップが画像を覆う強さ</translation>
    </message>
    <message>
        <source>Attention colours</source>
        <translation>注意マップの配色</translation>
    </message>
    <message>
        <source>The clip&apos;s frames appear here with the grade; the network sees some of them.</source>
        <translation>評価が終わるとクリップのフレームがここに表示されます。ネットワークはその一部を見ます。</translation>
    </message>
    <message>
        <source>Attention</source>
        <translation>注意マップ</translation>
    </message>
    <message>
        <source>Grade again to see this attention. </source>
        <translation>この注意を見るには、もう一度評価してください。</translation>
    </message>
    <message>
        <source>Colours from 0 to the most attended patch. </source>
        <translation>色は 0 から、最も注意されたパッチまでを表します。 </translation>
    </message>
    <message>
        <source>Attention is even over the clip. </source>
        <translation>注意はクリップ全体で均一です。</translation>
    </message>
    <message>
        <source>Nearly even: {low}–{high} × mean. </source>
        <translation>ほぼ均一: 平均の {low}～{high} 倍。</translation>
    </message>
    <message>
        <source>{low}–{high} × mean. </source>
        <translation>平均の {low}～{high} 倍。</translation>
    </message>
</context>
<context>
    <name>FirstStartDialog</name>
    <message>
        <source>Welcome to RoSTFine Assist</source>
        <translation>RoSTFine Assist へようこそ</translation>
    </message>
    <message>
        <source>I have read this and accept it.</source>
        <translation>読んで同意します。</translation>
    </message>
    <message>
        <source>Show me around on the demonstration video (two minutes)</source>
        <translation>デモ動画で案内を見る（2 分）</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>戻る</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>終了</translation>
    </message>
    <message>
        <source>What the program is for, and what not</source>
        <translation>使用目的と、してはならないこと</translation>
    </message>
    <message>
        <source>This text has changed since it was accepted on this computer.</source>
        <translation>このコンピューターで同意された後、内容が変わりました。</translation>
    </message>
    <message>
        <source>What works on this machine</source>
        <translation>この環境で動くもの</translation>
    </message>
    <message>
        <source>Looking at processor, GPU, files and folders …</source>
        <translation>プロセッサー、GPU、ファイル、フォルダーを確認しています…</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>確認の結果</translation>
    </message>
    <message>
        <source>Where reports go</source>
        <translation>レポートの保存先</translation>
    </message>
    <message>
        <source>Each sample gets a folder in this one, with its report and its data. Choose a place that is backed up; the settings change it later.</source>
        <translation>検体ごとにこの中にフォルダーを作り、レポートとデータを保存します。バックアップされる場所を選んでください。後から設定で変えられます。</translation>
    </message>
    <message>
        <source>Folder for reports</source>
        <translation>レポートのフォルダー</translation>
    </message>
    <message>
        <source>Choose …</source>
        <translation>選ぶ…</translation>
    </message>
    <message>
        <source>Then</source>
        <translation>その後</translation>
    </message>
    <message>
        <source>The menu Help starts the tour at any time.</source>
        <translation>ツアーはヘルプメニューからいつでも始められます。</translation>
    </message>
    <message>
        <source>Something that the program needs does not work here:</source>
        <translation>必要なものの一部がこの環境で動きません:</translation>
    </message>
    <message>
        <source>All that the program needs works here.</source>
        <translation>必要なものはすべてこの環境で動きます。</translation>
    </message>
    <message>
        <source>works</source>
        <translation>正常</translation>
    </message>
    <message>
        <source>look here</source>
        <translation>要確認</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>次へ</translation>
    </message>
    <message>
        <source>Begin</source>
        <translation>始める</translation>
    </message>
</context>
<context>
    <name>FlagList</name>
    <message>
        <source>No reason for caution was found in this sperm.</source>
        <translation>この精子に注意すべき点は見つかりませんでした。</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>お知らせ</translation>
    </message>
</context>
<context>
    <name>GradePanel</name>
    <message>
        <source>Reasons for caution</source>
        <translation>注意すべき点</translation>
    </message>
    <message>
        <source>Motion</source>
        <translation>運動</translation>
    </message>
    <message>
        <source>Sperm {name}</source>
        <translation>精子 {name}</translation>
    </message>
    <message>
        <source>Grade</source>
        <translation>評価</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>メモ</translation>
    </message>
    <message>
        <source>Click a sperm in the video: its grade distribution appears here.</source>
        <translation>動画の精子をクリックすると、ここに評価の分布が表示されます。</translation>
    </message>
    <message>
        <source>The track was rejected: this sperm is neither graded nor reported.</source>
        <translation>軌跡が却下されました。この精子は評価もレポートもされません。</translation>
    </message>
    <message>
        <source>The sperm is being tracked.</source>
        <translation>精子を追跡しています。</translation>
    </message>
    <message>
        <source>Not tracked yet: press Track.</source>
        <translation>まだ追跡していません。「追跡」を押してください。</translation>
    </message>
    <message>
        <source>The sperm is being graded.</source>
        <translation>精子を評価しています。</translation>
    </message>
    <message>
        <source>The model is being loaded; the grade follows.</source>
        <translation>モデルを読み込んでいます。続いて評価します。</translation>
    </message>
    <message>
        <source>Not graded yet: press Grade.</source>
        <translation>まだ評価していません。「評価」を押してください。</translation>
    </message>
</context>
<context>
    <name>Histogram</name>
    <message>
        <source>Grade distribution</source>
        <translation>評価の分布</translation>
    </message>
    <message>
        <source>bars: mean of ●&#xa0;global ■&#xa0;spatial ▲&#xa0;temporal</source>
        <translation>棒: 平均 ●&#xa0;全体 ■&#xa0;空間 ▲&#xa0;時間</translation>
    </message>
</context>
<context>
    <name>Keeper</name>
    <message>
        <source>{video} was opened before: it is as it was left, with what was clicked meanwhile. Enter again what else you entered in the first moment.</source>
        <translation>{video} は以前に開かれています。前回の状態に、その間にクリックしたものを加えました。最初に入力したほかの内容は、もう一度入力してください。</translation>
    </message>
    <message>
        <source>Sample {sample}, as the video before: change it if this is another.</source>
        <translation>検体 {sample}（前の動画と同じ）。別の検体なら変更してください。</translation>
    </message>
    <message>
        <source>The program ended before its window was closed: {video} is open again, with all that was kept ({count} sperm).</source>
        <translation>ウィンドウを閉じる前にプログラムが終了しました。{video} を、保存されたすべて（精子 {count} 個）とともに再び開きました。</translation>
    </message>
    <message>
        <source>{video} was opened before: it is as it was left.</source>
        <translation>{video} は以前に開かれています。前回のままの状態です。</translation>
    </message>
    <message>
        <source>{path} is not there: what is kept of it can be read, but not changed.</source>
        <translation>{path} がありません。保存された内容は閲覧できますが、変更はできません。</translation>
    </message>
</context>
<context>
    <name>KinematicsTable</name>
    <message>
        <source>Curvilinear velocity: along the path from point to point.</source>
        <translation>曲線速度: 点から点へ経路に沿った速度。</translation>
    </message>
    <message>
        <source>Linearity: VSL / VCL.</source>
        <translation>直線性: VSL / VCL。</translation>
    </message>
    <message>
        <source>Straight-line velocity: from the first to the last point.</source>
        <translation>直線速度: 最初の点から最後の点まで。</translation>
    </message>
    <message>
        <source>Straightness: VSL / VAP.</source>
        <translation>直進性: VSL / VAP。</translation>
    </message>
    <message>
        <source>Average-path velocity: along the smoothed path.</source>
        <translation>平均経路速度: 平滑化した経路に沿った速度。</translation>
    </message>
    <message>
        <source>Wobble: VAP / VCL.</source>
        <translation>ゆれ: VAP / VCL。</translation>
    </message>
    <message>
        <source>Mean offset of the head from the average path.</source>
        <translation>平均経路からの頭部のずれの平均。</translation>
    </message>
    <message>
        <source>Mean angular displacement.</source>
        <translation>平均角変位。</translation>
    </message>
    <message>
        <source>Crossings of the average path a second.</source>
        <translation>平均経路を横切る毎秒の回数。</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>前進距離</translation>
    </message>
    <message>
        <source>Median distance from start to end in one second: it decides the WHO class.</source>
        <translation>1 秒間の始点から終点までの距離の中央値。WHO 分類はこれによります。</translation>
    </message>
    <message>
        <source>{fps:.4g} different frames per second, {points} measured points over {span:.2f} s, window {window:.0f} ms</source>
        <translation>毎秒 {fps:.4g} の異なるフレーム、測定点 {points} 個、{span:.2f} 秒間、窓 {window:.0f} ms</translation>
    </message>
    <message>
        <source>WHO 6 motility: {name}</source>
        <translation>WHO 第 6 版の運動性: {name}</translation>
    </message>
</context>
<context>
    <name>Loupe</name>
    <message>
        <source>Loupe</source>
        <translation>ルーペ</translation>
    </message>
    <message>
        <source>Head of {length:.0f} x {width:.0f} px
at {x:.1f}, {y:.1f}</source>
        <translation>頭部 {length:.0f} x {width:.0f} px
位置 {x:.1f}, {y:.1f}</translation>
    </message>
    <message>
        <source>{x:.0f}, {y:.0f} px</source>
        <translation>{x:.0f}, {y:.0f} px</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Tool bar</source>
        <translation>ツールバー</translation>
    </message>
</context>
<context>
    <name>ManualDialog</name>
    <message>
        <source>Manual</source>
        <translation>マニュアル</translation>
    </message>
    <message>
        <source>Chapters</source>
        <translation>章</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>検索</translation>
    </message>
    <message>
        <source>Save as PDF …</source>
        <translation>PDF として保存…</translation>
    </message>
    <message>
        <source>Open in the browser</source>
        <translation>ブラウザーで開く</translation>
    </message>
    <message>
        <source>Save as PDF</source>
        <translation>PDF として保存</translation>
    </message>
</context>
<context>
    <name>Microscope</name>
    <message>
        <source>This line is short: drag one over many divisions of the micrometer.</source>
        <translation>線が短すぎます。マイクロメーターの多くの目盛りにわたって引いてください。</translation>
    </message>
    <message>
        <source>Scale: {scale:.4f} µm/px ({um:g} µm over {px:.1f} px).</source>
        <translation>縮尺: {scale:.4f} µm/px({px:.1f} px で {um:g} µm)。</translation>
    </message>
    <message>
        <source>The values of the microscope {name} have changed, for later videos too.</source>
        <translation>顕微鏡「{name}」の数値を変更しました。以後の動画にも使われます。</translation>
    </message>
</context>
<context>
    <name>Numbers</name>
    <message>
        <source>The panel&apos;s mean vote with A = 1 to E = 5: lower is better.</source>
        <translation>専門家の平均評価(A = 1 ～ E = 5)。小さいほど良い。</translation>
    </message>
    <message>
        <source>The share of the panel that would vote A or B.</source>
        <translation>A または B を選ぶ専門家の割合。</translation>
    </message>
    <message>
        <source>What the panel disagrees about: 0 when all agree, 2.32 bits at most. It is no doubt of the model&apos;s.</source>
        <translation>専門家の意見がどれだけ分かれるか: 全員一致なら 0、最大 2.32 ビット。モデルの不確かさではありません。</translation>
    </message>
    <message>
        <source>What the model is unsure of: how much the models of an ensemble differ in the expected grade, apart from the experts&apos; disagreement.</source>
        <translation>モデルの不確かさ: アンサンブルのモデルの期待値がどれだけ違うか。専門家の不一致とは別です。</translation>
    </message>
    <message>
        <source>What the model is unsure of: how much the expected grade differs over views of the same clip, turned, mirrored and of other frames.</source>
        <translation>モデルの不確かさ: 同じクリップを回転・反転し、別のフレームを使ったときに期待値がどれだけ変わるか。</translation>
    </message>
    <message>
        <source>Ranges hold</source>
        <translation>範囲に入る割合</translation>
    </message>
    <message>
        <source>How often a panel&apos;s share lies within its line, each grade by itself, in clips like those that it was measured on.</source>
        <translation>測定に使ったものと同様のクリップで、専門家の割合が線の範囲に入る頻度(評価ごと)。</translation>
    </message>
    <message>
        <source>Calibrated</source>
        <translation>較正</translation>
    </message>
    <message>
        <source>Whether the shares were adjusted to the votes on patients held back from training.</source>
        <translation>学習に使わなかった患者の票に合わせて割合を調整したかどうか。</translation>
    </message>
    <message>
        <source>– one view</source>
        <translation>– 視点は一つ</translation>
    </message>
    <message>
        <source>± {value:.2f} ({count} views)</source>
        <translation>± {value:.2f}({count} 視点)</translation>
    </message>
    <message>
        <source>{coverage} of cases</source>
        <translation>{coverage} の場合</translation>
    </message>
    <message>
        <source>– none given</source>
        <translation>– 範囲なし</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>あり</translation>
    </message>
    <message>
        <source>no</source>
        <translation>なし</translation>
    </message>
    <message>
        <source>{name} (1 … 5)</source>
        <translation>{name} (1 … 5)</translation>
    </message>
    <message>
        <source>{name} (0 … 2.32 bits)</source>
        <translation>{name} (0 … 2.32 ビット)</translation>
    </message>
    <message>
        <source>– one model</source>
        <translation>– モデル 1 個</translation>
    </message>
    <message>
        <source>± {value:.2f} ({count} models)</source>
        <translation>± {value:.2f} ({count} モデル)</translation>
    </message>
</context>
<context>
    <name>Opener</name>
    <message>
        <source>The scale {scale:.4g} µm/px of the microscope {name} was set for another size of picture, so it is not used: take it in the field µm/px only if it is right.</source>
        <translation>顕微鏡 {name} の縮尺 {scale:.4g} µm/px は別の画像サイズで設定されたため使いません。正しい場合だけ、µm/px の欄で採用してください。</translation>
    </message>
    <message>
        <source>Scale of the microscope {name}: {scale:.4g} µm/px.</source>
        <translation>顕微鏡 {name} の縮尺: {scale:.4g} µm/px。</translation>
    </message>
    <message>
        <source>{path} is not there any more: what was computed stays, and Track or Grade asks for the video again.</source>
        <translation>{path} が見つかりません。計算済みの結果は残ります。「追跡」または「評価」を押すと、動画の場所をもう一度尋ねます。</translation>
    </message>
</context>
<context>
    <name>OperatorsDialog</name>
    <message>
        <source>Operators</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Add operator</source>
        <translation>担当者を追加</translation>
    </message>
    <message>
        <source>Give the selected operator this passphrase</source>
        <translation>選択した担当者にこのパスフレーズを設定</translation>
    </message>
    <message>
        <source>Login</source>
        <translation>ログイン名</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>氏名</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>役割</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状態</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>パスフレーズ</translation>
    </message>
    <message>
        <source>The same again</source>
        <translation>もう一度入力</translation>
    </message>
    <message>
        <source>New operator</source>
        <translation>新しい担当者</translation>
    </message>
    <message>
        <source>Nobody is deleted, since the audit trail names them: deactivate who has left.</source>
        <translation>監査証跡に名前が残るため、削除はできません。退職した人は無効にしてください。</translation>
    </message>
    <message>
        <source>Nobody signs in yet and everybody may do everything. The first operator is an administrator; from then on everybody signs in.</source>
        <translation>まだサインインは不要で、だれでもすべての操作ができます。最初の担当者は管理者になり、それ以降は全員がサインインします。</translation>
    </message>
    <message>
        <source>active</source>
        <translation>有効</translation>
    </message>
    <message>
        <source>deactivated</source>
        <translation>無効</translation>
    </message>
    <message>
        <source>Deactivate</source>
        <translation>無効にする</translation>
    </message>
    <message>
        <source>Activate</source>
        <translation>有効にする</translation>
    </message>
</context>
<context>
    <name>Panels</name>
    <message>
        <source>{count} clips with their votes are in {folder}.</source>
        <translation>クリップ {count} 個とその投票を {folder} に書き出しました。</translation>
    </message>
</context>
<context>
    <name>PanelsDialog</name>
    <message>
        <source>Panels</source>
        <translation>パネル</translation>
    </message>
    <message>
        <source>Panel</source>
        <translation>パネル</translation>
    </message>
    <message>
        <source>Voted by you</source>
        <translation>あなたの投票</translation>
    </message>
    <message>
        <source>All votes</source>
        <translation>全員の投票</translation>
    </message>
    <message>
        <source>Vote</source>
        <translation>投票</translation>
    </message>
    <message>
        <source>Show agreement</source>
        <translation>一致度を表示</translation>
    </message>
    <message>
        <source>Export as a data set …</source>
        <translation>データセットとして書き出す…</translation>
    </message>
    <message>
        <source>Everybody votes alone, without the model&apos;s answer or a colleague&apos;s vote. Some sperm come a second time, which shows how far a voter agrees with themselves.</source>
        <translation>モデルの答えや他の人の投票を見ずに、一人ずつ投票します。一部の精子は 2 回現れ、投票者自身の一貫性を調べます。</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>パネル名</translation>
    </message>
    <message>
        <source>Name of the new panel</source>
        <translation>新しいパネルの名前</translation>
    </message>
    <message>
        <source> sperm</source>
        <translation> 個</translation>
    </message>
    <message>
        <source>Sperm of the new panel</source>
        <translation>新しいパネルの精子の数</translation>
    </message>
    <message>
        <source>Begin</source>
        <translation>始める</translation>
    </message>
    <message>
        <source>The panel votes on the graded sperm that the model is least sure of, as many of each patient as there are</source>
        <translation>モデルの確信が最も低い評価済みの精子に、患者の偏りがないように投票します</translation>
    </message>
    <message>
        <source>New panel</source>
        <translation>新しいパネル</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>一覧に戻る</translation>
    </message>
    <message>
        <source>{mine} of {items}</source>
        <translation>{mine} / {items}</translation>
    </message>
    <message>
        <source>{votes} ({withdrawn} withdrawn: clip made anew)</source>
        <translation>{votes}（{withdrawn} 件は除外：クリップの作り直し）</translation>
    </message>
    <message>
        <source>You have voted on everything in this panel. Thank you.</source>
        <translation>このパネルの投票はすべて終わりました。ありがとうございました。</translation>
    </message>
    <message>
        <source>{number} of {total}</source>
        <translation>{number} / {total}</translation>
    </message>
    <message>
        <source>Agreement on {count} sperm that all voted on: kappa {kappa}; on all with two votes or more: alpha {alpha}.</source>
        <translation>全員が投票した精子 {count} 個での一致度: カッパ {kappa}。2 票以上のすべての精子での一致度: アルファ {alpha}。</translation>
    </message>
    <message>
        <source>{voter}: {voted} votes</source>
        <translation>{voter}: {voted} 票</translation>
    </message>
    <message>
        <source>, {same} of {repeats} repeats alike (alpha {alpha})</source>
        <translation>、2 回目 {repeats} 件のうち {same} 件が同じ（アルファ {alpha}）</translation>
    </message>
    <message>
        <source>A new folder for the data set</source>
        <translation>データセット用の新しいフォルダー</translation>
    </message>
</context>
<context>
    <name>PassphraseDialog</name>
    <message>
        <source>Change my passphrase</source>
        <translation>パスフレーズの変更</translation>
    </message>
    <message>
        <source>Old passphrase</source>
        <translation>今のパスフレーズ</translation>
    </message>
    <message>
        <source>New passphrase</source>
        <translation>新しいパスフレーズ</translation>
    </message>
    <message>
        <source>The same again</source>
        <translation>もう一度入力</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>変更</translation>
    </message>
</context>
<context>
    <name>RecentMenu</name>
    <message>
        <source>Recent videos</source>
        <translation>最近の動画</translation>
    </message>
</context>
<context>
    <name>ReportPage</name>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Export PDF and CSV</source>
        <translation>PDF と CSV を書き出す</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>フォルダーを開く</translation>
    </message>
    <message>
        <source>Report of the sample</source>
        <translation>検体のレポート</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>含まれるもの</translation>
    </message>
    <message>
        <source>Every page says</source>
        <translation>各ページの記載</translation>
    </message>
    <message>
        <source>Saved in {folder}</source>
        <translation>保存先: {folder}</translation>
    </message>
    <message>
        <source>Will be saved in {folder}</source>
        <translation>書き出し先: {folder}</translation>
    </message>
    <message>
        <source>The report could not be drawn.</source>
        <translation>レポートを描画できませんでした。</translation>
    </message>
    <message>
        <source>Nothing is graded yet.</source>
        <translation>まだ評価がありません。</translation>
    </message>
    <message>
        <source>Being graded.</source>
        <translation>評価中です。</translation>
    </message>
    <message>
        <source>{count} sperm left out: rejected or without a grade</source>
        <translation>評価がないか却下された精子 {count} 個は含まれません</translation>
    </message>
    <message>
        <source>The report is being drawn.</source>
        <translation>レポートを描画しています。</translation>
    </message>
    <message>
        <source>The report as it will be exported</source>
        <translation>出力されるレポート</translation>
    </message>
    <message>
        <source>{count} graded sperm</source>
        <translation>評価済みの精子 {count} 個</translation>
    </message>
</context>
<context>
    <name>Reporter</name>
    <message>
        <source>The report is being written.</source>
        <translation>レポートを書き出しています。</translation>
    </message>
    <message>
        <source>Sperm are being graded: export when they are done.</source>
        <translation>評価中です。終わったら書き出してください。</translation>
    </message>
    <message>
        <source>Nothing is graded yet: grade a sperm, then export.</source>
        <translation>まだ評価がありません。精子を評価してから書き出してください。</translation>
    </message>
    <message>
        <source>The case store does not hold this video, so no report of it is written: mend what the status bar says of the store, or sign in as somebody who may edit cases.</source>
        <translation>症例ストアにこの動画がないため、レポートは作成されません。ステータスバーに表示されたストアの問題を解決するか、症例を編集できる人としてサインインしてください。</translation>
    </message>
    <message>
        <source>The report is in {folder}.</source>
        <translation>レポートは {folder} にあります。</translation>
    </message>
</context>
<context>
    <name>ReportsDialog</name>
    <message>
        <source>Sign report</source>
        <translation>レポートに署名</translation>
    </message>
    <message>
        <source>This sample has no report yet: export it first.</source>
        <translation>この検体のレポートはまだありません。先に書き出してください。</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>版</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状態</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>フォルダー</translation>
    </message>
    <message>
        <source>Versions of the report</source>
        <translation>レポートの版</translation>
    </message>
    <message>
        <source>Meaning</source>
        <translation>意味</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>パスフレーズ</translation>
    </message>
    <message>
        <source>Sign and lock</source>
        <translation>署名して確定</translation>
    </message>
    <message>
        <source>The newest version is a draft. Look at its PDF, then sign it with your passphrase: it cannot be changed any more.</source>
        <translation>最新版は下書きです。PDF を確認し、パスフレーズで署名してください。署名後は変更できません。</translation>
    </message>
    <message>
        <source>Certificate&apos;s passphrase</source>
        <translation>証明書のパスフレーズ</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>理由</translation>
    </message>
    <message>
        <source>Write an amendment</source>
        <translation>訂正版を作成</translation>
    </message>
    <message>
        <source>The newest version is signed and locked. An amendment is a new version that names it and says why it was made; it is a draft until it is signed.</source>
        <translation>最新版は署名済みで変更できません。訂正版は、元の版と訂正の理由を記した新しい版で、署名するまでは下書きです。</translation>
    </message>
    <message>
        <source>draft</source>
        <translation>下書き</translation>
    </message>
    <message>
        <source>signed by {name}: {meaning}</source>
        <translation>署名: {name}、{meaning}</translation>
    </message>
    <message>
        <source>{state}; amends version {version}: {reason}</source>
        <translation>{state}。第 {version} 版の訂正: {reason}</translation>
    </message>
</context>
<context>
    <name>SampleBar</name>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>Operator</source>
        <translation>担当者</translation>
    </message>
    <message>
        <source>Microscope</source>
        <translation>顕微鏡</translation>
    </message>
    <message>
        <source>({fps:.4g} fps)</source>
        <translation>({fps:.4g} fps)</translation>
    </message>
    <message>
        <source>microscope</source>
        <translation>顕微鏡</translation>
    </message>
    <message>
        <source>fps from file</source>
        <translation>ファイルの fps</translation>
    </message>
    <message>
        <source>Frames per second</source>
        <translation>フレームレート</translation>
    </message>
    <message>
        <source>Corrects the frame rate if the file is wrong; the file&apos;s own is in brackets</source>
        <translation>ファイルのフレームレートが誤っているときに訂正します。かっこ内はファイルの値です</translation>
    </message>
    <message>
        <source>no µm/px</source>
        <translation>µm/px なし</translation>
    </message>
    <message>
        <source>Micrometres per pixel</source>
        <translation>1 ピクセルあたりのマイクロメートル</translation>
    </message>
    <message>
        <source>Without it, speeds are in pixels per second</source>
        <translation>指定しない場合、速度はピクセル毎秒になります</translation>
    </message>
    <message>
        <source>The microscope&apos;s name; its fps and µm/px are saved under it</source>
        <translation>顕微鏡の名前。fps と µm/px はこの名前で記憶されます</translation>
    </message>
    <message>
        <source>{scale:.4g} µm/px?</source>
        <translation>{scale:.4g} µm/px?</translation>
    </message>
    <message>
        <source>The file states {scale:.4g} µm/px: use it</source>
        <translation>ファイルの値 {scale:.4g} µm/px を使う</translation>
    </message>
    <message>
        <source>{scale:.4g} µm/px was set for another size of picture: use it</source>
        <translation>{scale:.4g} µm/px は別の画像サイズで設定されました: 使う</translation>
    </message>
</context>
<context>
    <name>SampleDialog</name>
    <message>
        <source>Sample</source>
        <translation>検体</translation>
    </message>
    <message>
        <source>{sample} ({videos})</source>
        <translation>{sample}（{videos}）</translation>
    </message>
    <message>
        <source>no sample named yet</source>
        <translation>検体名なし</translation>
    </message>
    <message>
        <source>a sample of its own</source>
        <translation>別の検体</translation>
    </message>
    <message>
        <source>The video is of</source>
        <translation>この動画の検体</translation>
    </message>
    <message>
        <source>All graded videos of a sample stand in one report.</source>
        <translation>一つの検体の評価済み動画は、すべて一つのレポートに載ります。</translation>
    </message>
    <message>
        <source>a pseudonym</source>
        <translation>仮名</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>患者</translation>
    </message>
    <message>
        <source>Collected</source>
        <translation>採取日時</translation>
    </message>
    <message>
        <source>Analysed</source>
        <translation>分析日時</translation>
    </message>
    <message>
        <source>Medium</source>
        <translation>培地</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message>
        <source> days</source>
        <translation> 日</translation>
    </message>
    <message>
        <source>Abstinence</source>
        <translation>禁欲期間</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>メモ</translation>
    </message>
    <message>
        <source>The laboratory&apos;s own semen analysis (WHO manual, 6th edition)</source>
        <translation>検査室独自の精液検査（WHO マニュアル第 6 版）</translation>
    </message>
    <message>
        <source>{unit}; reference from {limit}</source>
        <translation>{unit}、基準値 {limit} 以上</translation>
    </message>
    <message>
        <source>The program measures none of these.</source>
        <translation>これらはプログラムでは測定しません。</translation>
    </message>
    <message>
        <source>known</source>
        <translation>既知</translation>
    </message>
</context>
<context>
    <name>ScaleDialog</name>
    <message>
        <source>Set the scale</source>
        <translation>縮尺の設定</translation>
    </message>
    <message>
        <source>length</source>
        <translation>長さ</translation>
    </message>
    <message>
        <source>Length of the line in micrometres</source>
        <translation>線の長さ(マイクロメートル)</translation>
    </message>
    <message>
        <source>Length on the stage micrometer</source>
        <translation>対物マイクロメーター上の長さ</translation>
    </message>
    <message>
        <source>Length in the video</source>
        <translation>動画上の長さ</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>縮尺</translation>
    </message>
    <message>
        <source>One division of a stage micrometer is usually written on its slide.</source>
        <translation>対物マイクロメーターの 1 目盛りの長さは、通常スライドに書かれています。</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Appearance</source>
        <translation>外観</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>テーマ</translation>
    </message>
    <message>
        <source>Dark suits the microscope room.</source>
        <translation>ダークは顕微鏡室に適しています。</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>ダーク</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>ライト</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>言語</translation>
    </message>
    <message>
        <source>Takes effect at the next start.</source>
        <translation>次回の起動から使われます。</translation>
    </message>
    <message>
        <source>Text size</source>
        <translation>文字の大きさ</translation>
    </message>
    <message>
        <source>Same as the system</source>
        <translation>システムに合わせる</translation>
    </message>
    <message>
        <source>All of them are readable with colour blindness.</source>
        <translation>いずれも色覚に配慮した配色です。</translation>
    </message>
    <message>
        <source>Loupe at the pointer</source>
        <translation>ポインタ位置のルーペ</translation>
    </message>
    <message>
        <source>Enlarge the place under the pointer, with the head that is measured there.</source>
        <translation>ポインタの下を、そこで計測される頭部とともに拡大して表示します。</translation>
    </message>
    <message>
        <source>Track automatically</source>
        <translation>すぐに追跡</translation>
    </message>
    <message>
        <source>Grade automatically</source>
        <translation>すぐに評価</translation>
    </message>
    <message>
        <source>Each sample gets a folder in it; empty means the usual place.</source>
        <translation>この中に検体ごとのフォルダーを作ります。空欄なら既定の場所です。</translation>
    </message>
    <message>
        <source>Case store</source>
        <translation>症例の保存先</translation>
    </message>
    <message>
        <source>A folder, or postgresql://USER:PASSWORD@HOST/DATABASE for several workstations; empty means the usual place. Takes effect at the next start.</source>
        <translation>フォルダー、または複数の端末用の postgresql://USER:PASSWORD@HOST/DATABASE。空欄は通常の場所です。次回の起動から有効になります。</translation>
    </message>
    <message>
        <source>Lock after minutes</source>
        <translation>ロックまでの分数</translation>
    </message>
    <message>
        <source>In a store with operators: after so long without a key or click the window asks who is there; 0 never locks it.</source>
        <translation>担当者を登録した保管庫では、この時間キー操作もクリックもないと、ウィンドウがサインインを求めます。0 ではロックしません。</translation>
    </message>
    <message>
        <source>Report language</source>
        <translation>レポートの言語</translation>
    </message>
    <message>
        <source>Language of PDF and pictures; tables and data files stay in English.</source>
        <translation>PDF と画像の言語です。表とデータファイルは英語のままです。</translation>
    </message>
    <message>
        <source>Certificate for reports</source>
        <translation>レポートの証明書</translation>
    </message>
    <message>
        <source>A PKCS#12 file (.p12, .pfx) that seals the PDF of a signed report; empty for none.</source>
        <translation>署名したレポートの PDF に電子署名する PKCS#12 ファイル(.p12、.pfx)。空欄なら使いません。</translation>
    </message>
    <message>
        <source>Empty means the demonstration model; a folder of models is an ensemble.</source>
        <translation>空欄ならデモ用モデルです。モデルのフォルダーはアンサンブルになります。</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>答え方</translation>
    </message>
    <message>
        <source>Which of the views, the calibration and the ranges in the model&apos;s file are used. Grades made otherwise are kept, and shown again with that choice.</source>
        <translation>モデルのファイルにある視点、較正、範囲のうち何を使うか。別の選択で得た評価は保存され、その選択に戻すと再び表示されます。</translation>
    </message>
    <message>
        <source>As the model says</source>
        <translation>モデルの指定どおり</translation>
    </message>
    <message>
        <source>Not calibrated</source>
        <translation>較正なし</translation>
    </message>
    <message>
        <source>One view, not calibrated</source>
        <translation>視点一つ、較正なし</translation>
    </message>
    <message>
        <source>Automatic uses an NVIDIA GPU if there is one.</source>
        <translation>自動では NVIDIA GPU があれば使います。</translation>
    </message>
    <message>
        <source>A video that fits is kept whole, a longer one in part. Takes effect with the next video.</source>
        <translation>収まる動画は全体を、長い動画は一部を保持します。次の動画から有効です。</translation>
    </message>
    <message>
        <source>English</source>
        <translation>英語</translation>
    </message>
    <message>
        <source>Japanese</source>
        <translation>日本語</translation>
    </message>
    <message>
        <source>Attention colours</source>
        <translation>注意マップの配色</translation>
    </message>
    <message>
        <source>Workflow</source>
        <translation>作業</translation>
    </message>
    <message>
        <source>Track a sperm as soon as it is clicked or corrected.</source>
        <translation>クリックまたは修正した精子をすぐに追跡します。</translation>
    </message>
    <message>
        <source>Grade a sperm as soon as it is tracked.</source>
        <translation>追跡した精子をすぐに評価します。</translation>
    </message>
    <message>
        <source>Reports folder</source>
        <translation>レポートのフォルダー</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>モデル</translation>
    </message>
    <message>
        <source>Model file or folder</source>
        <translation>モデルのファイルまたはフォルダー</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>デバイス</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自動</translation>
    </message>
    <message>
        <source>NVIDIA GPU</source>
        <translation>NVIDIA GPU</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>メモリー</translation>
    </message>
    <message>
        <source>Decoded frames (MiB)</source>
        <translation>デコード済みフレーム (MiB)</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>設定</translation>
    </message>
    <message>
        <source>the demonstration model</source>
        <translation>デモ用モデル</translation>
    </message>
    <message>
        <source>in the user&apos;s data folder</source>
        <translation>ユーザーのデータフォルダー内</translation>
    </message>
    <message>
        <source>none</source>
        <translation>なし</translation>
    </message>
    <message>
        <source>Choose</source>
        <translation>選択</translation>
    </message>
    <message>
        <source>A model file …</source>
        <translation>モデルファイル …</translation>
    </message>
    <message>
        <source>A folder of models (ensemble) …</source>
        <translation>モデルのフォルダー(アンサンブル) …</translation>
    </message>
    <message>
        <source>Microscopes</source>
        <translation>顕微鏡</translation>
    </message>
    <message>
        <source>Remove the selected one</source>
        <translation>選択したものを忘れる</translation>
    </message>
    <message>
        <source>fps from file</source>
        <translation>ファイルの fps</translation>
    </message>
    <message>
        <source>no µm/px</source>
        <translation>µm/px なし</translation>
    </message>
</context>
<context>
    <name>ShareCommands</name>
    <message>
        <source>Case (*.zip)</source>
        <translation>症例 (*.zip)</translation>
    </message>
    <message>
        <source>Case with its videos (*.zip)</source>
        <translation>動画を含む症例 (*.zip)</translation>
    </message>
    <message>
        <source>Export the case</source>
        <translation>症例を書き出す</translation>
    </message>
    <message>
        <source>Import a case</source>
        <translation>症例を取り込む</translation>
    </message>
    <message>
        <source>Export all cases</source>
        <translation>すべての症例を書き出す</translation>
    </message>
    <message>
        <source>Whole field (*.mp4)</source>
        <translation>視野全体 (*.mp4)</translation>
    </message>
    <message>
        <source>Around the sperm (*.mp4)</source>
        <translation>精子の周り (*.mp4)</translation>
    </message>
    <message>
        <source>Write an overlay video</source>
        <translation>重ね描き動画を書く</translation>
    </message>
    <message>
        <source>Some results came out differently.</source>
        <translation>いくつかの結果が異なりました。</translation>
    </message>
    <message>
        <source>{count} videos came along: choose a folder for them</source>
        <translation>{count} 個の動画が含まれています。置き場所を選んでください</translation>
    </message>
    <message>
        <source>There is a patient {name} in the store.</source>
        <translation>保管庫に患者 {name} があります。</translation>
    </message>
    <message>
        <source>Is the one in the file the same person?</source>
        <translation>ファイルの患者は同じ人ですか?</translation>
    </message>
    <message>
        <source>The same person</source>
        <translation>同じ人</translation>
    </message>
</context>
<context>
    <name>Sharing</name>
    <message>
        <source>{count} sperm are in {file}.</source>
        <translation>{file} に {count} 個の精子を書きました。</translation>
    </message>
    <message>
        <source>Sample {name} is in the store now: open it from the cases.</source>
        <translation>検体 {name} を保管庫に取り込みました。症例の一覧から開けます。</translation>
    </message>
    <message>
        <source>All {count} results came out again as they are kept.</source>
        <translation>{count} 個の結果すべてが、保存されたものと同じになりました。</translation>
    </message>
    <message>
        <source>Written to {file}.</source>
        <translation>{file} に書きました。</translation>
    </message>
    <message>
        <source>The video is not in the store yet: wait until its checksum is known.</source>
        <translation>動画はまだ保管庫にありません。チェックサムが分かるまでお待ちください。</translation>
    </message>
    <message>
        <source>Another file is being written: wait until it is done.</source>
        <translation>別のファイルを書いています。終わるまでお待ちください。</translation>
    </message>
</context>
<context>
    <name>ShortcutsDialog</name>
    <message>
        <source>Shortcuts</source>
        <translation>ショートカット</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>キー</translation>
    </message>
    <message>
        <source>What it does</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>In the video: the arrow keys move a cross (with Shift ten pixels at once) and Enter clicks with it, Esc puts it away; the wheel zooms, the middle button pans, and dragging a marker corrects its track.</source>
        <translation>動画上では、矢印キーで十字が動き（Shift で 10 ピクセルずつ）、Enter でクリックし、Esc で十字を消します。ホイールで拡大・縮小、中ボタンで移動、印をドラッグすると追跡を修正します。</translation>
    </message>
</context>
<context>
    <name>SignInDialog</name>
    <message>
        <source>Sign in</source>
        <translation>サインイン</translation>
    </message>
    <message>
        <source>Login</source>
        <translation>ログイン名</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>パスフレーズ</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>終了</translation>
    </message>
    <message>
        <source>The window is locked</source>
        <translation>ウィンドウはロックされています</translation>
    </message>
</context>
<context>
    <name>Signer</name>
    <message>
        <source>The video&apos;s file is missing: find it, then open the video.</source>
        <translation>動画のファイルがありません。探してから動画を開いてください。</translation>
    </message>
    <message>
        <source>The video is not in the store yet: wait a moment.</source>
        <translation>動画はまだ保管庫にありません。少し待ってください。</translation>
    </message>
    <message>
        <source>Version {version} is signed and locked.</source>
        <translation>第 {version} 版に署名し、確定しました。</translation>
    </message>
    <message>
        <source>The amendment is a draft in {folder}: look at it, then sign it.</source>
        <translation>訂正版の下書きは {folder} にあります。確認してから署名してください。</translation>
    </message>
    <message>
        <source>Something else is being signed or opened: wait.</source>
        <translation>別の署名または読み込みの処理中です。お待ちください。</translation>
    </message>
</context>
<context>
    <name>SpermFilm</name>
    <message>
        <source>Film of {name}</source>
        <translation>{name} の動画</translation>
    </message>
    <message>
        <source>Film, frame {frame}</source>
        <translation>動画、フレーム {frame}</translation>
    </message>
</context>
<context>
    <name>SpermList</name>
    <message>
        <source>Chosen sperm</source>
        <translation>選択した精子</translation>
    </message>
    <message>
        <source>Sperm</source>
        <translation>精子</translation>
    </message>
</context>
<context>
    <name>SpermModel</name>
    <message>
        <source>track rejected</source>
        <translation>軌跡を却下</translation>
    </message>
    <message>
        <source>tracking …</source>
        <translation>追跡中…</translation>
    </message>
    <message>
        <source>not tracked</source>
        <translation>未追跡</translation>
    </message>
    <message>
        <source>cannot be graded</source>
        <translation>評価できません</translation>
    </message>
    <message>
        <source>grading …</source>
        <translation>評価中…</translation>
    </message>
    <message>
        <source>not graded</source>
        <translation>未評価</translation>
    </message>
    <message>
        <source>lost!</source>
        <translation>見失い!</translation>
    </message>
    <message>
        <source>uncertain</source>
        <translation>不確か</translation>
    </message>
    <message>
        <source>no sperm?</source>
        <translation>精子ではない？</translation>
    </message>
    <message>
        <source>chosen</source>
        <translation>採用</translation>
    </message>
    <message>
        <source>not chosen</source>
        <translation>不採用</translation>
    </message>
    <message>
        <source>1 warning</source>
        <translation>警告 1 件</translation>
    </message>
    <message>
        <source>{count} warnings</source>
        <translation>警告 {count} 件</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>承認済み</translation>
    </message>
    <message>
        <source>by hand</source>
        <translation>手動</translation>
    </message>
    <message>
        <source>graded</source>
        <translation>評価済み</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>Cancel</source>
        <translation>中止</translation>
    </message>
    <message>
        <source>1 change not kept: try again</source>
        <translation>1 件の変更が未保存：再試行</translation>
    </message>
    <message>
        <source>{count} changes not kept: try again</source>
        <translation>{count} 件の変更が未保存：再試行</translation>
    </message>
    <message>
        <source>no model</source>
        <translation>モデルなし</translation>
    </message>
    <message>
        <source>{name} ({count} models)</source>
        <translation>{name} ({count} モデル)</translation>
    </message>
    <message>
        <source> (demonstration, not for clinical use)</source>
        <translation> (デモ用、臨床使用不可)</translation>
    </message>
    <message>
        <source>loading the model</source>
        <translation>モデルを読み込み中</translation>
    </message>
    <message>
        <source>cancelling …</source>
        <translation>中止しています…</translation>
    </message>
</context>
<context>
    <name>StoreKeyDialog</name>
    <message>
        <source>Case store</source>
        <translation>症例の保存先</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>パスフレーズ</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>開く</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>終了</translation>
    </message>
    <message>
        <source>The case store is encrypted</source>
        <translation>症例の保管庫は暗号化されています</translation>
    </message>
</context>
<context>
    <name>Timeline</name>
    <message>
        <source>Speed</source>
        <translation>速さ</translation>
    </message>
    <message>
        <source>Playing speed; 1 is as recorded</source>
        <translation>再生の速さ。1 は録画時の速さ</translation>
    </message>
    <message>
        <source>Tracking confidence over the frames</source>
        <translation>フレームごとの追跡の確かさ</translation>
    </message>
    <message>
        <source>— confidence  {uncertain} uncertain  {lost} lost  ▲ clicks</source>
        <translation>— 確かさ  {uncertain} 不確か  {lost} 見失い  ▲ クリック</translation>
    </message>
    <message>
        <source>frame {frame} of {last} · {time:.3f} s</source>
        <translation>フレーム {frame} / {last} · {time:.3f} 秒</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>The video</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>This is the demonstration: a simulated video with three sperm that are already chosen. Your own videos are opened with {open}, or dropped here. The wheel zooms.</source>
        <translation>これはデモ用のシミュレーション動画で、三つの精子が選択済みです。自分の動画は {open} で開くか、ここに落とします。ホイールで拡大縮小します。</translation>
    </message>
    <message>
        <source>Choosing a sperm</source>
        <translation>精子を選ぶ</translation>
    </message>
    <message>
        <source>Click the head of another sperm. The program measures where the head is, follows it through the video and grades it. Try it now; {undo} takes it back.</source>
        <translation>別の精子の頭部をクリックしてください。頭部の位置を測り、動画の中で追跡し、評価します。試してみてください。{undo} で元に戻ります。</translation>
    </message>
    <message>
        <source>The list</source>
        <translation>一覧</translation>
    </message>
    <message>
        <source>Every sperm that you chose, with its votes as a bar and what is to be said about it. Click one to select it: the other panels show the selected one.</source>
        <translation>選んだ精子が、票の帯と注意とともに並びます。クリックすると選択され、ほかのパネルに表示されます。</translation>
    </message>
    <message>
        <source>Is the track right?</source>
        <translation>追跡は正しいか</translation>
    </message>
    <message>
        <source>{play} plays the video: watch whether the ring stays on the head. The time line marks where the track is uncertain or lost; {next_doubt} goes to the next such place. {tool_correct} and a click on the head mend it.</source>
        <translation>{play} で再生し、輪が頭部から離れないか見ます。タイムラインには不確かな区間と見失った区間が示され、{next_doubt} で次の区間へ移動します。{tool_correct} を押して頭部をクリックすると修正できます。</translation>
    </message>
    <message>
        <source>The grade</source>
        <translation>評価</translation>
    </message>
    <message>
        <source>The bars are the shares of a panel that would vote A, B, C, D and E: all of them are the result, not the tallest. Read the reasons for caution above them first. Below stands how the sperm swims.</source>
        <translation>棒は専門家のうち A、B、C、D、E に投票する割合です。結果は最も高い棒ではなく、そのすべてです。先にその上の注意すべき点を読んでください。下には精子の泳ぎ方が示されます。</translation>
    </message>
    <message>
        <source>Where the network looked</source>
        <translation>ネットワークが見た場所</translation>
    </message>
    <message>
        <source>The frames of the clip; the network saw the bright ones. {overlay_rollout} lays its attention over them, {overlay_none} takes it away; {attention_strip} opens and folds this strip. Attention is not the cause of the grade: the model card says how little it explained when it was measured.</source>
        <translation>クリップのフレームです。ネットワークが見たのは明るいものです。{overlay_rollout} で注意マップを重ね、{overlay_none} で消します。{attention_strip} でこの帯を開閉します。注意マップは評価の原因ではありません。測定時にどれほどしか説明しなかったかは、モデルカードにあります。</translation>
    </message>
    <message>
        <source>Microscope and sample</source>
        <translation>顕微鏡と検体</translation>
    </message>
    <message>
        <source>Name your microscope and type its µm/px once: without it, speeds are in pixels. Give each sample a pseudonym before you export its report.</source>
        <translation>顕微鏡の名前と µm/px を一度入力してください。ないと速度はピクセル単位になります。レポートを書き出す前に、検体に仮名を付けてください。</translation>
    </message>
    <message>
        <source>Comparing and reporting</source>
        <translation>比較とレポート</translation>
    </message>
    <message>
        <source>{page_compare} shows all sperm side by side, {page_report} the report as it will be; {export} writes it. {manual} opens the manual, which explains every step, and the menu Help starts this tour again.</source>
        <translation>{page_compare} ですべての精子を比べ、{page_report} で書き出されるレポートを確認し、{export} で書き出します。{manual} でマニュアルが開きます。このツアーはヘルプメニューからもう一度始められます。</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>ツアー</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>やめる</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>戻る</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>完了</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>次へ</translation>
    </message>
</context>
<context>
    <name>VideoCanvas</name>
    <message>
        <source>Video</source>
        <translation>動画</translation>
    </message>
    <message>
        <source>Arrow keys move the cross, Enter clicks, + and - zoom.</source>
        <translation>矢印キーで十字を動かし、Enter でクリック、+ と - で拡大・縮小します。</translation>
    </message>
</context>
<context>
    <name>WindowCommands</name>
    <message>
        <source>Add a folder</source>
        <translation>フォルダーを追加</translation>
    </message>
    <message>
        <source>Watch a folder</source>
        <translation>フォルダーを監視</translation>
    </message>
    <message>
        <source>Save the screenshot</source>
        <translation>スクリーンショットを保存</translation>
    </message>
    <message>
        <source>Cannot write {name}: choose another folder.</source>
        <translation>{name} に書き込めません。別のフォルダーを選んでください。</translation>
    </message>
    <message>
        <source>The numbers of sperm {name} are copied.</source>
        <translation>精子 {name} の数値をコピーしました。</translation>
    </message>
    <message>
        <source>en</source>
        <comment>the language&apos;s code: en or ja</comment>
        <translation>ja</translation>
    </message>
    <message>
        <source>The manual is in {file}.</source>
        <translation>マニュアルを {file} に保存しました。</translation>
    </message>
</context>
<context>
    <name>Wording</name>
    <message>
        <source>{share} (doubtful)</source>
        <translation>{share} (要注意)</translation>
    </message>
</context>
<context>
    <name>Worklist</name>
    <message>
        <source>No further video was found.</source>
        <translation>ほかに動画は見つかりませんでした。</translation>
    </message>
    <message>
        <source>There is no further video in the list.</source>
        <translation>リストにほかの動画はありません。</translation>
    </message>
</context>
<context>
    <name>WorklistPanel</name>
    <message>
        <source>Worklist</source>
        <translation>作業リスト</translation>
    </message>
    <message>
        <source>cannot be read</source>
        <translation>読み込めません</translation>
    </message>
    <message>
        <source>is read …</source>
        <translation>読み込み中 …</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>開く</translation>
    </message>
    <message>
        <source>Take off the list</source>
        <translation>リストから外す</translation>
    </message>
</context>
</TS>
